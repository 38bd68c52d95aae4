// The instrument's own checks, proven by consumers that are wrong on purpose: each fault trips what
// it names and nothing else, and its harmless twin trips nothing.
#include <dlpack_impl/buffer.h>
#include <dlpack_impl/producer.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <ostream>
#include <string>
#include <vector>

#include "dlpack_impl/tensors.h"
#include "faults/fault.h"

namespace dlpack_impl {
namespace faults {

void PrintTo(const Fault* fault, std::ostream* out);
void PrintTo(const Fault* fault, std::ostream* out) { *out << fault->name; }

}  // namespace faults

namespace {

struct Seen {
  bool elements_changed, outside_changed, double_delete, leak, other_thread;
};

class Faults : public testing::TestWithParam<const faults::Fault*> {
 protected:
  static Seen run(bool defect) {
    const test::Tensor tensor("int16", {{2, 3}, {8, 2}, 1});
    DLManagedTensorVersioned* managed = tensor.versioned().release();
    GetParam()->consume(managed, defect);

    const auto here = static_cast<std::uint64_t>(pthread_self());
    bool other_thread = false;
    for (const std::uint64_t thread : tensor.log->deleter_threads()) other_thread |= thread != here;
    const Seen seen{tensor.buffer.elements_changed() != 0, tensor.buffer.outside_changed() != 0,
                    tensor.log->double_deletes() != 0, tensor.log->live() != 0, other_thread};
    if (seen.leak) managed->deleter(managed);  // what the fault left behind
    return seen;
  }
};

TEST_P(Faults, TripWhatTheyNameAndNothingElse) {
  RecordProperty("requirement", std::string(GetParam()->proves));
  const Seen seen = run(true);
  const faults::Trips& named = GetParam()->trips;
  EXPECT_EQ(seen.elements_changed, named.elements_changed);
  EXPECT_EQ(seen.outside_changed, named.outside_changed);
  EXPECT_EQ(seen.double_delete, named.double_delete);
  EXPECT_EQ(seen.leak, named.leak);
  EXPECT_EQ(seen.other_thread, named.other_thread);
}

TEST_P(Faults, HarmlessTwinsTripNothing) {
  const Seen seen = run(false);
  EXPECT_FALSE(seen.elements_changed || seen.outside_changed || seen.double_delete || seen.leak ||
               seen.other_thread);
}

std::string fault_name(const testing::TestParamInfo<const faults::Fault*>& info) {
  std::string name;
  bool upper = true;
  for (const char c : info.param->name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Faults, testing::ValuesIn(faults::all_faults()), fault_name);

TEST(FaultList, EveryCheckIsProvenByOne) {
  faults::Trips all;
  for (const faults::Fault* fault : faults::all_faults()) {
    all.elements_changed |= fault->trips.elements_changed;
    all.outside_changed |= fault->trips.outside_changed;
    all.double_delete |= fault->trips.double_delete;
    all.leak |= fault->trips.leak;
    all.other_thread |= fault->trips.other_thread;
  }
  EXPECT_TRUE(all.elements_changed && all.outside_changed && all.double_delete && all.leak &&
              all.other_thread);
}

}  // namespace
}  // namespace dlpack_impl
