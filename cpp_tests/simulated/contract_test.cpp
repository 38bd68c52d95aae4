#include <memory>

#include "contract/accelerator_contract.h"
#include "simulated/simulated.h"

namespace dlpack_impl {
namespace {

std::shared_ptr<Accelerator> simulated_device() {
  return simulated::make_simulated({.devices = 2, .operation_ns = 1'000}).front();
}

std::shared_ptr<Accelerator> without_operation_time() {
  return simulated::make_simulated({}).front();
}

INSTANTIATE_TEST_SUITE_P(Simulated, AcceleratorContract,
                         testing::Values(Subject{"simulated", simulated_device},
                                         Subject{"instant", without_operation_time}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace dlpack_impl
