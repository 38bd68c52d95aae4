// Every kind of layout that strides can say, with the element that each index must hit written down
// by hand: the tests of producer, consumer and template share these numbers and no code of theirs
// computes them.
#pragma once

#include <dlpack_impl/layout.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace dlpack_impl::test {

struct LayoutKind {
  std::string name;
  Layout layout;
  std::vector<std::int64_t> hits;  // of each index in C order: elements from the origin
  bool c_contiguous;

  friend void PrintTo(const LayoutKind& kind, std::ostream* out) { *out << kind.name; }
};

inline LayoutKind rank_64() {
  LayoutKind kind{"RankSixtyFour",
                  {std::vector<std::int64_t>(64, 1), std::vector<std::int64_t>(64, 7), 0},
                  {},
                  false};
  // Extents of 2 at the first, a middle and the last axis, all others 1 with odd strides.
  kind.layout.shape[0] = kind.layout.shape[31] = kind.layout.shape[63] = 2;
  kind.layout.strides[0] = 1;
  kind.layout.strides[31] = 2;
  kind.layout.strides[63] = 4;
  kind.hits = {0, 4, 2, 6, 1, 5, 3, 7};
  return kind;
}

inline std::vector<LayoutKind> layout_kinds() {
  return {
      {"Scalar", {{}, {}, 0}, {0}, true},
      {"ScalarAtOffset", {{}, {}, 8}, {8}, true},
      {"OneAxis", {{5}, {1}, 0}, {0, 1, 2, 3, 4}, true},
      {"EmptyFirst", {{0, 3}, {3, 1}, 0}, {}, true},
      {"EmptyLast", {{3, 0}, {1, 1}, 0}, {}, true},
      {"EmptyMiddle", {{2, 0, 3}, {5, 5, 5}, 0}, {}, true},
      {"EmptyOddStrides", {{0}, {-9}, 0}, {}, true},
      {"SizeOneOddStrides", {{1, 3, 1}, {77, 1, -5}, 0}, {0, 1, 2}, true},
      {"RowMajor", {{2, 3}, {3, 1}, 0}, {0, 1, 2, 3, 4, 5}, true},
      {"ColumnMajor", {{2, 3}, {1, 2}, 0}, {0, 2, 4, 1, 3, 5}, false},
      {"Permuted", {{2, 3, 2}, {1, 4, 2}, 0}, {0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}, false},
      {"RowSlice", {{2, 3}, {3, 1}, 16}, {16, 17, 18, 19, 20, 21}, true},
      {"ColumnSlice", {{3, 2}, {4, 1}, 8}, {8, 9, 12, 13, 16, 17}, false},
      {"EverySecond", {{4}, {2}, 0}, {0, 2, 4, 6}, false},
      {"Reversed", {{5}, {-1}, 8}, {8, 7, 6, 5, 4}, false},
      {"ReversedRows", {{2, 3}, {-3, 1}, 8}, {8, 9, 10, 5, 6, 7}, false},
      {"ReversedBoth", {{2, 2}, {-4, -2}, 8}, {8, 6, 4, 2}, false},
      {"Broadcast", {{3, 2}, {0, 1}, 0}, {0, 1, 0, 1, 0, 1}, false},
      {"BroadcastAll", {{2, 2}, {0, 0}, 8}, {8, 8, 8, 8}, false},
      {"OverlappingWindows", {{3, 3}, {1, 1}, 0}, {0, 1, 2, 1, 2, 3, 2, 3, 4}, false},
      {"Diagonal", {{3}, {5}, 0}, {0, 5, 10}, false},
      rank_64(),
  };
}

}  // namespace dlpack_impl::test
