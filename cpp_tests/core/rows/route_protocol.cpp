// Examples of protocol cases for the rules R.
#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

using enum Verdict;
using Edit = std::function<void(ProtocolExample&)>;

/// A rule's examples, from one in which it is followed.
class Rows {
 public:
  Rows(std::vector<ProtocolRow>& rows, std::string rule, std::string reason, Edit followed,
       std::string variant = "ordinary", Blame blame = Blame::kLibrary)
      : rows_(rows),
        rule_(std::move(rule)),
        reason_(std::move(reason)),
        followed_(std::move(followed)),
        variant_(std::move(variant)),
        blame_(blame) {}

  Rows& right(const std::string& what, const Edit& edit = {}) {
    return add(what, edit, kConforms, {}, Blame::kNone);
  }
  Rows& wrong(const std::string& what, const Edit& edit) {
    return add(what, edit, kDeviates, reason_, blame_);
  }
  /// Followed by a choice, or of a level that permits not to.
  Rows& permitted(const std::string& what, const Edit& edit, const std::string& reason) {
    return add(what, edit, kPermitted, reason, blame_);
  }
  Rows& out(const std::string& what, const Edit& edit) {
    return add(what, edit, kNotJudged, {}, Blame::kNone);
  }
  /// A strict rule, where the process was lost.
  Rows& lost() {
    return add(
        "the process is lost", [](ProtocolExample& e) { e.crashes(); }, kDeviates, "process-lost",
        blame_);
  }
  Rows& of(std::string variant) {
    variant_ = std::move(variant);
    return *this;
  }

 private:
  Rows& add(const std::string& what, const Edit& edit, Verdict verdict, const std::string& reason,
            Blame blame) {
    const Edit edited = [followed = followed_, edit](ProtocolExample& e) {
      followed(e);
      if (edit) edit(e);
    };
    rows_.push_back({rule_,
                     "probed, " + variant_ + ", " + what,
                     edited,
                     verdict,
                     reason,
                     blame,
                     {.variant = variant_}});
    return *this;
  }

  std::vector<ProtocolRow>& rows_;
  std::string rule_, reason_;
  Edit followed_;
  std::string variant_;
  Blame blame_;
};

void returns(ProtocolExample& e) { e.returned(); }
void refuses(ProtocolExample& e) { e.raised("TypeError"); }
void refuses_value(ProtocolExample& e) { e.raised("ValueError"); }

template <auto fact>
Edit sets(typename std::remove_reference_t<decltype(std::declval<Facts>().*fact)>::value_type to) {
  return [to](ProtocolExample& e) { e.facts.*fact = to; };
}
template <auto fact>
Edit lacks() {
  return [](ProtocolExample& e) { (e.facts.*fact).reset(); };
}

void dtype_came(ProtocolExample& e) {
  e.returned();
  e.facts.answer_dtype = e.facts.answer_asked_dtype = "float32";
  e.facts.answer_values = true;
}

/// Shares, and has one axis.
void one_axis(ProtocolExample& e) {
  dtype_came(e);
  e.facts.answer_same_memory = true;
  e.facts.answer_rank = 1;
}

void shares(ProtocolExample& e) {
  e.returned();
  e.facts.answer_same_memory = true;
}

void copies(ProtocolExample& e) {
  e.returned();
  e.facts.answer_same_memory = e.facts.answer_same_object = false;
}

void like_source(ProtocolExample& e) {
  e.returned();
  e.facts.source_shape = e.facts.result_shape = Ints{3, 4};
  e.facts.result_values = true;
  e.facts.source_writable = e.facts.result_writable = true;
  e.facts.answer_same_memory = true;
}

void outlives(ProtocolExample& e) {
  e.returned();
  e.facts.answer_same_memory = true;
  e.facts.life_held = e.facts.life_right = e.facts.life_freed = true;
}

/// An interface or a struct over 3 x 4 elements of 4 bytes.
void shown(ProtocolExample& e) {
  e.returned();
  e.facts.source_shape = e.facts.interface_shape = Ints{3, 4};
  e.facts.source_strides = Ints{1, 3};
  e.facts.interface_strides = Ints{4, 12};
  e.facts.interface_item_bytes = 4;
  e.facts.source_address = e.facts.interface_address = "0";
  e.facts.source_writable = true;
  e.facts.interface_readonly = false;
}

void shown_struct(ProtocolExample& e) {
  shown(e);
  e.facts.interface_two = 2;
  e.facts.interface_rank = 2;
  e.facts.life_held = e.facts.life_freed = true;
}

void buffer(ProtocolExample& e) {
  e.returned();
  e.facts.source_shape = e.facts.buffer_shape = Ints{3, 4};
  e.facts.buffer_item_bytes = 4;
  e.facts.buffer_nbytes = 48;
  e.facts.buffer_ndim = 2;
  e.facts.buffer_nulls = Texts{"suboffsets"};
}

void scalar_buffer(ProtocolExample& e) {
  buffer(e);
  e.facts.source_shape = Ints{};
  e.facts.buffer_shape.reset();
  e.facts.buffer_nbytes = 4;
  e.facts.buffer_ndim = 0;
  e.facts.buffer_nulls = Texts{"shape", "strides", "suboffsets"};
}

Edit piece(std::int64_t bytes, std::int64_t count, std::int64_t offset, std::int64_t item) {
  return [=](ProtocolExample& e) {
    e.facts.taken_bytes = bytes;
    e.facts.taken_count = count;
    e.facts.taken_offset = offset;
    e.facts.taken_item_bytes = item;
  };
}

Edit taken(Edit asked, std::int64_t elements) {
  return [asked = std::move(asked), elements](ProtocolExample& e) {
    asked(e);
    e.returned();
    e.facts.taken_elements = elements;
  };
}

Edit not_taken(Edit asked) {
  return [asked = std::move(asked)](ProtocolExample& e) {
    asked(e);
    e.raised("ValueError");
  };
}

/// Declares an array API version from before there was one, and does `edit`.
Edit before_2021(Edit edit) {
  return [edit = std::move(edit)](ProtocolExample& e) {
    edit(e);
    e.library.declares = std::pair(2021, 1);
  };
}

void add_torch(std::vector<ProtocolRow>& rows) {
  Rows(rows, "R-05", "resizable", refuses).right("refused").wrong("resized", returns).lost();

  Rows(
      rows, "R-06", "promise-shares",
      [](ProtocolExample& e) {
        dtype_came(e);
        e.facts.answer_same_memory = e.facts.answer_same_object = true;
      },
      "tensor-same")
      .right("is itself")
      .wrong("another object", sets<&Facts::answer_same_object>(false))
      .wrong("another dtype", sets<&Facts::answer_dtype>("float64"))
      .wrong("other values", sets<&Facts::answer_values>(false))
      .wrong("refused", refuses)
      .lost()
      .of("ndarray-same")
      .right("shares", sets<&Facts::answer_same_object>(false))
      .wrong("copied", copies)
      .of("ndarray-float32")
      .right("shares", sets<&Facts::answer_same_object>(false))
      .of("tensor-float64")
      .right("copied", copies)
      .wrong("shares", shares);

  Rows(
      rows, "R-08", "promise-copies",
      [](ProtocolExample& e) {
        dtype_came(e);
        copies(e);
        e.facts.answer_history = false;
      },
      "tensor-same")
      .right("copied")
      .wrong("shares", shares)
      .wrong("has a history", sets<&Facts::answer_history>(true))
      .wrong("other values", sets<&Facts::answer_values>(false))
      .wrong("another dtype", sets<&Facts::answer_dtype>("float64"))
      .wrong("refused", refuses)
      .lost();

  Rows(rows, "R-10", "promise-shares", shares, "capsule")
      .right("shares")
      .wrong("copied", copies)
      .wrong("other values", sets<&Facts::answer_values>(false))
      .wrong("refused", refuses)
      .lost();

  Rows(rows, "R-11", "promise-copy-keyword", copies, "capsule-copy-true")
      .right("copied")
      .right("refused", refuses)
      .wrong("shares", shares)
      .lost()
      .of("capsule-copy-false")
      .right("shares", shares)
      .right("refused", refuses)
      .wrong("copied", copies);

  Rows(rows, "R-12", "promise-values", one_axis, "int16")
      .right("read as asked")
      .wrong("another dtype", sets<&Facts::answer_dtype>("int32"))
      .wrong("other values", sets<&Facts::answer_values>(false))
      .wrong("refused", refuses)
      .lost()
      .of("scalar-float32")
      .right("copied", copies)
      .wrong("shares", shares);

  Rows(rows, "R-13", "promise-shares", one_axis, "int16")
      .right("one axis")
      .wrong("two axes", sets<&Facts::answer_rank>(2))
      .wrong("copied", copies)
      .wrong("another dtype", sets<&Facts::answer_dtype>("int32"))
      .wrong("other values", sets<&Facts::answer_values>(false))
      .lost()
      .of("no-dtype")
      .right("refused", refuses)
      .wrong("taken", returns);

  const Edit part = piece(24, 5, 0, 4), whole = piece(24, 6, 0, 4), all = piece(24, -1, 8, 4);
  const Edit more = piece(24, 7, 0, 4), odd = piece(25, -1, 0, 4), nothing = piece(24, -1, 24, 4);
  Rows(rows, "R-14", "sizes-unchecked", [](ProtocolExample&) {})
      .right("a part", taken(part, 5))
      .wrong("a part refused", not_taken(part))
      .wrong("a part, with other elements", taken(part, 4))
      .right("the rest", taken(all, 4))
      .wrong("the rest refused", not_taken(all))
      .permitted("the whole", taken(whole, 6), "A-17:at-least")
      .permitted("the whole refused", not_taken(whole), "A-17:more-than")
      .right("more refused", not_taken(more))
      .wrong("more taken", taken(more, 7))
      .right("half an element refused", not_taken(odd))
      .wrong("half an element left out", taken(odd, 6))
      .right("nothing is left", not_taken(nothing))
      .right("nothing is left and taken", taken(nothing, 0))
      .wrong("a product that overflows", taken(piece(24, std::int64_t{1} << 61, 0, 8), 1 << 30))
      .wrong("an offset behind the end", taken(piece(24, -1, 32, 4), 0))
      .wrong("no elements asked for", taken(piece(24, 0, 0, 4), 0))
      .out("a fact is missing", [](ProtocolExample& e) { e.returned(); })
      .lost();

  Rows(rows, "R-15", "result-dies", outlives)
      .right("kept")
      .wrong("not kept", sets<&Facts::life_held>(false))
      .wrong("read otherwise", sets<&Facts::life_right>(false))
      .wrong("never let go", sets<&Facts::life_freed>(false))
      .lost();
}

void add_buffers(std::vector<ProtocolRow>& rows) {
  Rows(
      rows, "R-16", "buffer-moved",
      [](ProtocolExample& e) {
        e.facts.answer_same_memory = true;
        e.facts.buffer_locked = true;
      },
      "bytearray-grown", Blame::kConsumer)
      .right("locked")
      .wrong("moved", sets<&Facts::buffer_locked>(false))
      .out("copied",
           [](ProtocolExample& e) {
             e.facts.answer_same_memory = false;
             e.facts.buffer_locked = false;
           })
      .lost();

  Rows(rows, "R-33", "buffer-writable",
       [](ProtocolExample& e) {
         e.raised("BufferError");
         e.facts.source_writable = false;
       })
      .right("refused")
      .permitted("refused with another class", refuses, "wrong-error")
      .wrong("given",
             [](ProtocolExample& e) {
               e.returned();
               e.facts.buffer_readonly = false;
             })
      .right("given over writable memory",
             [](ProtocolExample& e) {
               e.facts.source_writable = true;
               e.facts.buffer_readonly = false;
               e.facts.route_returned = true;
               e.facts.route_error.reset();
             })
      .wrong("read-only, although one to write was asked for",
             [](ProtocolExample& e) {
               e.facts.source_writable = true;
               e.facts.buffer_readonly = true;
               e.facts.route_returned = true;
               e.facts.route_error.reset();
             })
      .lost();

  Rows(rows, "R-34", "buffer-members", buffer)
      .right("all members agree")
      .right("no shape was asked for", lacks<&Facts::buffer_shape>())
      .wrong("len", sets<&Facts::buffer_nbytes>(47))
      .wrong("shape", sets<&Facts::buffer_shape>({4, 3}))
      .wrong("too many axes", sets<&Facts::buffer_ndim>(65))
      .out("refused",
           [](ProtocolExample& e) {
             e.raised("BufferError");
             e.facts.buffer_nbytes.reset();
           })
      .lost();
  Rows(rows, "R-34", "buffer-members", scalar_buffer, "scalar")
      .right("NULL")
      .wrong("shape not NULL", sets<&Facts::buffer_nulls>({"strides", "suboffsets"}))
      .wrong("strides not NULL", sets<&Facts::buffer_nulls>({"shape", "suboffsets"}))
      .wrong("suboffsets not NULL", sets<&Facts::buffer_nulls>({"shape", "strides"}));

  Rows(rows, "R-36", "buffer-release",
       [](ProtocolExample& e) {
         outlives(e);
         e.facts.buffer_released = 0;
       })
      .right("released once")
      .wrong("not released", sets<&Facts::buffer_released>(-1))
      .wrong("released twice", sets<&Facts::buffer_released>(1))
      .wrong("memory gone", sets<&Facts::life_held>(false))
      .wrong("memory kept", sets<&Facts::life_freed>(false))
      .lost()
      .of("resize-buffer")
      .right("locked",
             [](ProtocolExample& e) { e.facts.buffer_locked = e.facts.buffer_unlocked = true; })
      .wrong("moved",
             [](ProtocolExample& e) {
               e.facts.buffer_locked = false;
               e.facts.buffer_unlocked = true;
             })
      .out("never moved", [](ProtocolExample& e) {
        e.facts.buffer_locked = true;
        e.facts.buffer_unlocked = false;
      });

  Rows(rows, "R-37", "buffer-choice", sets<&Facts::buffer_agree>(true))
      .right("one answer")
      .wrong("two answers", sets<&Facts::buffer_agree>(false))
      .out("none was given", lacks<&Facts::buffer_agree>())
      .lost();

  Rows(
      rows, "R-38", "buffer-release",
      [](ProtocolExample& e) {
        shares(e);
        e.facts.answer_values = e.facts.answer_same_object = true;
        e.facts.buffer_released = 0;
      },
      "taken", Blame::kConsumer)
      .right("taken and given back")
      .wrong("another view given back", sets<&Facts::answer_same_object>(false))
      .wrong("not given back", sets<&Facts::buffer_released>(-1))
      .wrong("other values", sets<&Facts::answer_values>(false))
      .wrong("refused", refuses)
      .lost();

  Rows(rows, "R-40", "promise-copy-keyword", copies, "vector-copy-true", Blame::kConsumer)
      .right("copied")
      .wrong("shares", shares)
      .out("refused",
           [](ProtocolExample& e) {
             e.raised("ValueError");
             e.facts.answer_same_memory.reset();
           })
      .lost()
      .permitted("shares, and is not bound", before_2021(shares), "promise-copy-keyword")
      .of("vector-copy-false")
      .right("shares", shares)
      .right("refused", refuses_value)
      .wrong("copied", copies)
      .permitted("refused with another class", refuses, "wrong-error");
}

void add_numpy(std::vector<ProtocolRow>& rows) {
  Rows(rows, "R-21", "promise-copy-keyword", copies, "array-same-copy-true")
      .right("copied")
      .wrong("shares", shares)
      .wrong("refused", refuses)
      .out("an older release",
           [](ProtocolExample& e) {
             e.library.versions["numpy"] = "1.26.4";
             shares(e);
           })
      .lost()
      .of("array-same-copy-false")
      .right("shares", shares)
      .right("refused", refuses_value)
      .wrong("copied", copies)
      .permitted("refused with another class", refuses, "wrong-error")
      .of("array-same-copy-none")
      .right("shares", shares)
      .wrong("copied", copies)
      .of("array-list-copy-none")
      .right("copied");

  Rows(rows, "R-25", "protocol-order",
       [](ProtocolExample& e) {
         e.returned();
         e.facts.interface_offered = Texts{"array-interface", "array-method", "buffer", "dlpack"};
         e.facts.interface_asked = Texts{"buffer"};
         e.facts.interface_used = "buffer";
       })
      .right("the buffer first")
      .wrong("the interface first", sets<&Facts::interface_used>("array-interface"))
      .wrong("DLPack was asked", sets<&Facts::interface_asked>({"dlpack", "buffer"}))
      .right("no buffer",
             [](ProtocolExample& e) {
               e.facts.interface_offered = Texts{"array-interface", "array-method"};
               e.facts.interface_used = "array-interface";
             })
      .wrong("the method before the interface",
             [](ProtocolExample& e) {
               e.facts.interface_offered = Texts{"array-interface", "array-method"};
               e.facts.interface_used = "array-method";
             })
      .right("the method alone",
             [](ProtocolExample& e) {
               e.facts.interface_offered = Texts{"array-method", "dlpack"};
               e.facts.interface_used = "array-method";
             })
      .right("DLPack alone is no way",
             [](ProtocolExample& e) {
               e.facts.interface_offered = Texts{"dlpack"};
               e.facts.interface_asked = Texts{};
               e.facts.interface_used = "none";
             })
      .lost();

  Rows(rows, "R-32", "interface-moved",
       [](ProtocolExample& e) { e.facts.buffer_locked = e.facts.buffer_unlocked = true; })
      .right("not moved")
      .wrong("moved", sets<&Facts::buffer_locked>(false))
      .out("never moved", sets<&Facts::buffer_unlocked>(false))
      .lost();

  Rows(rows, "R-39", "promise-shares",
       [](ProtocolExample& e) {
         one_axis(e);
         e.facts.buffer_readonly = true;
         e.facts.answer_writable = false;
       })
      .right("a view")
      .wrong("copied", copies)
      .wrong("two axes", sets<&Facts::answer_rank>(2))
      .wrong("other values", sets<&Facts::answer_values>(false))
      .wrong("may be written", sets<&Facts::answer_writable>(true))
      .right("a buffer to write",
             [](ProtocolExample& e) {
               e.facts.buffer_readonly = false;
               e.facts.answer_writable = true;
             })
      .wrong("refused", refuses)
      .right("a piece", taken(piece(24, 6, 0, 4), 6))
      .right("a piece that is too large is refused", not_taken(piece(24, 7, 0, 4)))
      .wrong("a piece that is too large", taken(piece(24, 7, 0, 4), 7))
      .wrong("a piece with other elements", taken(piece(24, 6, 0, 4), 5))
      .lost();

  Rows(
      rows, "R-41", "astype-copies",
      [](ProtocolExample& e) {
        shares(e);
        e.facts.answer_same_object = true;
        e.facts.answer_dtype = e.facts.answer_asked_dtype = "float32";
      },
      "function-float32-copy-false-matrix")
      .right("the input")
      .wrong("a copy", copies)
      .permitted("a copy, and is not bound", before_2021(copies), "astype-copies")
      .wrong("another dtype", sets<&Facts::answer_dtype>("float64"))
      .wrong("refused", refuses)
      .lost()
      .of("function-float32-copy-true-matrix")
      .right("a copy", copies)
      .wrong("shares", sets<&Facts::answer_same_object>(false))
      .wrong("the input", shares)
      .of("function-float64-copy-false-matrix")
      .right("a copy", copies)
      .wrong("the input", shares)
      .of("function-float32-copy-true-empty-0")
      .right("no elements at one address", sets<&Facts::answer_same_object>(false));

  Rows(
      rows, "R-51", "foreign-type",
      [](ProtocolExample& e) {
        like_source(e);
        e.facts.result_own_type = true;
        e.facts.calls_log = Texts{"__dlpack_device__()", "__dlpack__(max_version=(1, 0))"};
      },
      "plain")
      .right("an array of its own")
      .wrong("another type", sets<&Facts::result_own_type>(false))
      .wrong("other values", sets<&Facts::result_values>(false))
      .wrong("refused", refuses)
      .lost()
      .of("device-other")
      .right("refused", refuses)
      .wrong("taken", {})
      .of("device-number")
      .right("refused", refuses)
      .wrong("taken", {})
      .of("copy-true")
      .right("passed on", sets<&Facts::calls_log>({"__dlpack__(copy=True)"}))
      .wrong("not passed on", {})
      .of("copy-false")
      .right("passed on", sets<&Facts::calls_log>({"__dlpack__(copy=False)"}))
      .wrong("not passed on", {});
}

void add_interfaces(std::vector<ProtocolRow>& rows) {
  Rows(
      rows, "R-26", "interface-keys",
      [](ProtocolExample& e) {
        e.returned();
        e.facts.interface_keys = Texts{"data", "shape", "typestr", "version"};
        e.facts.interface_version = 3;
      },
      "shown-float32-matrix")
      .right("all keys")
      .wrong("no shape", sets<&Facts::interface_keys>({"data", "typestr", "version"}))
      .wrong("no typestr", sets<&Facts::interface_keys>({"data", "shape", "version"}))
      .wrong("no version", sets<&Facts::interface_keys>({"data", "shape", "typestr"}))
      .wrong("a version that is no number", lacks<&Facts::interface_version>())
      .wrong("a version below 1", sets<&Facts::interface_version>(0))
      .lost();
  Rows(rows, "R-26", "interface-keys", like_source, "without-descr")
      .right("taken")
      .wrong("refused", refuses)
      .wrong("other values", sets<&Facts::result_values>(false))
      .wrong("another shape", sets<&Facts::result_shape>({12}));

  Rows(rows, "R-27", "promise-values", shown, "shown-plain-fortran")
      .right("as it is")
      .wrong("another shape", sets<&Facts::interface_shape>({4, 3}))
      .wrong("another address", sets<&Facts::interface_address>("4"))
      .wrong("other strides", sets<&Facts::interface_strides>({16, 4}))
      .wrong("too few strides", sets<&Facts::interface_strides>({4}))
      .wrong("row-major, which it is not", lacks<&Facts::interface_strides>())
      .wrong("read-only", sets<&Facts::interface_readonly>(true))
      .right("row-major, which it is",
             [](ProtocolExample& e) {
               e.facts.source_strides = Ints{4, 1};
               e.facts.interface_strides.reset();
             })
      .right("stride of an axis of one element",
             [](ProtocolExample& e) {
               e.facts.source_shape = e.facts.interface_shape = Ints{1, 4};
               e.facts.source_strides = Ints{9, 1};
               e.facts.interface_strides = Ints{16, 4};
             })
      .right("no elements, at any address",
             [](ProtocolExample& e) {
               e.facts.source_shape = e.facts.interface_shape = Ints{0, 4};
               e.facts.interface_address = "elsewhere";
             })
      .out("a fact is missing", lacks<&Facts::interface_item_bytes>())
      .lost();
  Rows(rows, "R-27", "promise-values", like_source, "taken-readonly")
      .right("writable")
      .right("read-only",
             [](ProtocolExample& e) { e.facts.source_writable = e.facts.result_writable = false; })
      .right("a copy of read-only memory",
             [](ProtocolExample& e) {
               e.facts.source_writable = false;
               e.facts.answer_same_memory = false;
             })
      .wrong("read-only memory may be written", sets<&Facts::source_writable>(false))
      .wrong("other values", sets<&Facts::result_values>(false))
      .out("refused", [](ProtocolExample& e) {
        e.raised("ValueError");
        e.facts.result_values.reset();
      });

  Rows(rows, "R-28", "result-dies", outlives, "matrix")
      .right("kept")
      .wrong("let go", sets<&Facts::life_held>(false))
      .wrong("read otherwise", sets<&Facts::life_right>(false))
      .wrong("never let go", sets<&Facts::life_freed>(false))
      .out("copied",
           [](ProtocolExample& e) {
             e.facts.answer_same_memory = false;
             e.facts.life_held = false;
           })
      .lost();

  Rows(
      rows, "R-29", "interface-refused",
      [](ProtocolExample& e) {
        e.returned();
        e.facts.answer_values = true;
      },
      "memoryview-offset-8", Blame::kConsumer)
      .right("taken")
      .permitted("refused", refuses, "interface-refused")
      .permitted("other values", sets<&Facts::answer_values>(false), "interface-refused")
      .permitted(
          "the process is lost", [](ProtocolExample& e) { e.crashes(); }, "process-lost");

  Rows(rows, "R-30", "interface-refused", like_source, "version-99", Blame::kConsumer)
      .right("taken")
      .permitted("refused", refuses, "interface-refused")
      .permitted("other values", sets<&Facts::result_values>(false), "interface-refused");

  Rows(rows, "R-31", "promise-values", shown_struct, "shown-plain-float32-fortran")
      .right("as it is")
      .wrong("the first number is not 2", sets<&Facts::interface_two>(3))
      .wrong("another rank", sets<&Facts::interface_rank>(1))
      .wrong("another address", sets<&Facts::interface_address>("4"))
      .wrong("the owner is not kept", sets<&Facts::life_held>(false))
      .wrong("the owner is never let go", sets<&Facts::life_freed>(false))
      .right("a scalar",
             [](ProtocolExample& e) {
               e.facts.source_shape = Ints{};
               e.facts.interface_rank = 0;
               e.facts.interface_shape.reset();
             })
      .wrong("a scalar at another address",
             [](ProtocolExample& e) {
               e.facts.source_shape = Ints{};
               e.facts.interface_rank = 0;
               e.facts.interface_address = "4";
             })
      .out("refused", lacks<&Facts::interface_two>())
      .lost();
  Rows(
      rows, "R-31", "promise-values",
      [](ProtocolExample& e) {
        shares(e);
        e.facts.interface_item_bytes = e.facts.buffer_item_bytes = 8;
      },
      "taken-str-2")
      .right("the item size is kept")
      .wrong("another item size", sets<&Facts::buffer_item_bytes>(32))
      .wrong("copied", copies)
      .out("refused", lacks<&Facts::buffer_item_bytes>());

  Rows(rows, "R-48", "cuda-attribute", sets<&Facts::interface_of_cuda>(false))
      .right("none")
      .wrong("one", sets<&Facts::interface_of_cuda>(true))
      .lost();

  rows.push_back({"R-57", "a mask", returns, kUndecided, "interface-mask-open", Blame::kNone});
}

}  // namespace

std::vector<ProtocolRow> route_protocol_rows() {
  std::vector<ProtocolRow> rows;
  add_torch(rows);
  add_buffers(rows);
  add_numpy(rows);
  add_interfaces(rows);
  return rows;
}

}  // namespace dlpack_conformance
