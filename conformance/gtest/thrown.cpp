#include "gtest/thrown.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>

namespace dlpack_conformance::kit {

std::string thrown_class() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "foreign exception";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return text == nullptr ? type->name() : text.get();
}

std::string thrown_text() {
  std::string text;
  try {
    throw;
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {
    text = thrown_class();
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace dlpack_conformance::kit
