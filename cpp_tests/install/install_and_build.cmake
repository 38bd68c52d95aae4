# Installs the C++ part of this build into a fresh prefix, then configures, builds and runs the consumer project.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${BINARY}/prefix ${BINARY}/consumer)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${BINARY}/prefix --component cpp)
file(GLOB_RECURSE stray ${BINARY}/prefix/*dlpack/dlpack.h)
if(stray)
  message(FATAL_ERROR "the official header was installed by us: ${stray}")
endif()
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${BINARY}/consumer -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX}
    -DCMAKE_PREFIX_PATH=${BINARY}/prefix -DPython_EXECUTABLE=${PYTHON})
run(${CMAKE_COMMAND} --build ${BINARY}/consumer)
run(${BINARY}/consumer/consumer)
