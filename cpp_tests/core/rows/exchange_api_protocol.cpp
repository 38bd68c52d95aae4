// Examples of protocol cases for the rules X.
#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

using enum Verdict;
using E = ProtocolExample;

/// What a call of a table's function found; each example changes one thing.
void described(E& e) {
  e.facts.table_version = Ints{1, 3};
  e.facts.table_chain = Ints{};
  e.facts.table_chain_ends = true;
  e.facts.table_null = Texts{};
}

void succeeds(E& e) {
  described(e);
  e.returned();
  e.facts.table_status = 0;
  e.facts.table_raised = false;
  e.facts.table_gave = true;
  e.facts.table_threw = false;
}

void declines(E& e) {
  described(e);
  e.raised("RuntimeError");
  e.facts.table_status = -1;
  e.facts.table_raised = true;
  e.facts.table_gave = false;
  e.facts.table_threw = false;
}

void exports(E& e) {
  succeeds(e);
  e.facts.source_shape = Ints{3, 4};
  e.facts.export_version = Ints{1, 3};
  e.facts.export_flags = 0;
  e.facts.export_shape = Ints{3, 4};
  e.facts.export_values = true;
  e.facts.life_held = true;
  e.facts.life_freed = true;
  e.facts.table_refs = 0;
}

void borrows(E& e) {
  exports(e);
  e.facts.export_version.reset();
  e.facts.life_held.reset();
  e.facts.table_same_fields = true;
}

void imports(E& e) {
  succeeds(e);
  e.facts.source_shape = Ints{3, 4};
  e.facts.result_shape = Ints{3, 4};
  e.facts.result_own_type = true;
  e.facts.result_values = true;
  e.facts.end_early = false;
  e.facts.end_exports = 1;
  e.facts.end_deleter_calls = 1;
}

void allocates(E& e) {
  succeeds(e);
  e.facts.export_version = Ints{1, 3};
  e.facts.export_flags = 0;
  e.facts.table_matches = true;
  e.facts.table_writable = true;
  e.facts.table_set_error = 0;
}

void allocates_nothing(E& e) {
  described(e);
  e.facts.table_status = -1;
  e.facts.table_gave = false;
  e.facts.table_threw = false;
  e.facts.table_set_error = 1;
}

using Edit = std::function<void(E&)>;

/// One after the other.
Edit both(const Edit& first, const Edit& then) {
  return [=](E& e) {
    first(e);
    then(e);
  };
}

class Rows {
 public:
  void follows(const std::string& rule, const std::string& what, const Edit& edit,
               const Probed& probed = {}) {
    all.push_back({rule, what, edit, kConforms, {}, Blame::kNone, probed});
  }
  void leaves_out(const std::string& rule, const std::string& what, const Edit& edit,
                  const Probed& probed = {}) {
    all.push_back({rule, what, edit, kNotJudged, {}, Blame::kNone, probed});
  }
  void breaks(const std::string& rule, const std::string& what, const Edit& edit,
              const std::string& reason, Blame blame = Blame::kLibrary, const Probed& probed = {}) {
    all.push_back({rule, what, edit, kDeviates, reason, blame, probed});
  }
  void permits(const std::string& rule, const std::string& what, const Edit& edit,
               const std::string& reason, Blame blame = Blame::kLibrary) {
    all.push_back({rule, what, edit, kPermitted, reason, blame, {}});
  }
  void leaves_open(const std::string& rule, const std::string& what, const Edit& edit,
                   const std::string& reason, const Probed& probed = {}) {
    all.push_back({rule, what, edit, kUndecided, reason, Blame::kNone, probed});
  }

  std::vector<ProtocolRow> all;
};

void of_the_attribute(Rows& rows) {
  const Edit on_type = [](E& e) {
    e.facts.table_present = true;
    e.facts.table_on_instance = false;
    e.facts.table_capsule = "dlpack_exchange_api";
  };
  const Edit on_instance = [](E& e) {
    e.facts.table_present = false;
    e.facts.table_on_instance = true;
    e.facts.table_capsule = "dlpack_exchange_api";
  };
  const Edit nowhere = [](E& e) {
    e.facts.table_present = false;
    e.facts.table_on_instance = false;
  };
  rows.follows("X-01", "the type has it", on_type);
  rows.permits("X-01", "no table", nowhere, "table-absent");
  rows.follows("X-02", "on the type", on_type);
  rows.breaks("X-02", "on the instance alone", on_instance, "table-not-on-type");
  rows.leaves_out("X-02", "no table", nowhere);
  rows.follows("X-03", "right name", on_type);
  rows.breaks("X-03", "other name", both(on_type, [](E& e) { e.facts.table_capsule = "dltensor"; }),
              "table-capsule");
  rows.breaks("X-03", "an int", both(on_type, [](E& e) { e.facts.table_capsule = "int"; }),
              "table-capsule");
  rows.leaves_out("X-03", "a table of 1.2", [](E& e) {
    e.facts.table_version = Ints{1, 2};
    e.facts.table_capsule = "int";
  });
  rows.leaves_open(
      "X-04", "an int under the old name", [](E& e) { e.facts.table_old_name = "int"; },
      "table-old-name-open");
  rows.leaves_out("X-04", "nobody looked", [](E&) {});
}

void of_the_table(Rows& rows) {
  const auto stays = [](bool stay) {
    return [=](E& e) {
      described(e);
      e.facts.table_stays = stay;
    };
  };
  rows.follows("X-05", "stays", stays(true));
  rows.breaks("X-05", "another one", stays(false), "table-goes");
  rows.breaks("X-05", "lost", both(described, [](E& e) { e.crashes("read"); }), "table-goes");
  rows.leaves_out("X-05", "older", both(stays(false), [](E& e) {
                    e.facts.table_version = Ints{1, 1};
                  }));
  const auto same = [](bool one) {
    return [=](E& e) {
      described(e);
      e.facts.table_same = one;
    };
  };
  rows.follows("X-06", "one table", same(true));
  rows.breaks("X-06", "two tables", same(false), "table-differs");
  rows.leaves_out("X-06", "older", both(same(false), [](E& e) {
                    e.facts.table_version = Ints{1, 1};
                  }));
  const auto chain = [](const Ints& numbers, bool ends = true) {
    return [=](E& e) {
      described(e);
      e.facts.table_chain = numbers;
      e.facts.table_chain_ends = ends;
    };
  };
  rows.follows("X-08", "no older table", chain({}));
  rows.follows("X-08", "an older minor, then an older major", chain({1, 2, 0, 9}));
  rows.breaks("X-08", "the same version again", chain({1, 3}), "table-chain");
  rows.breaks("X-08", "rises behind the first", chain({1, 1, 1, 2}), "table-chain");
  rows.breaks("X-08", "endless", chain({1, 2}, false), "table-chain");
  rows.leaves_out("X-08", "older", both(chain({1, 2}), [](E& e) {
                    e.facts.table_version = Ints{1, 1};
                  }));
  const auto null = [](const Texts& slots) {
    return [=](E& e) {
      described(e);
      e.facts.table_null = slots;
    };
  };
  rows.follows("X-10", "all there", null({}));
  rows.follows("X-10", "no borrowing", null({"dltensor_from_py_object_no_sync"}));
  rows.breaks("X-10", "no stream", null({"current_work_stream"}), "table-function-null");
  rows.leaves_out("X-10", "older", both(null({"current_work_stream"}), [](E& e) {
                    e.facts.table_version = Ints{1, 1};
                  }));
  rows.leaves_open("X-29", "a subclass has it", same(true), "subclass-table-open");
  rows.leaves_out("X-29", "no subclass", described);
  rows.leaves_open(
      "X-30", "one version", [](E& e) { e.facts.table_versions_agree = true; },
      "table-versions-open");
  rows.leaves_out("X-30", "nothing exported", described);
}

void of_errors(Rows& rows) {
  rows.follows("X-11", "succeeds", succeeds);
  rows.follows("X-11", "declines", declines);
  rows.breaks("X-11", "throws", both(described, [](E& e) { e.facts.table_threw = true; }),
              "table-threw");
  rows.breaks("X-11", "terminates",
              both(described,
                   [](E& e) {
                     e.crashes();
                     e.facts.crash_signal = "SIGABRT";
                   }),
              "table-threw");
  rows.leaves_out("X-11", "lost by another signal", both(described, [](E& e) { e.crashes(); }));
  rows.leaves_out("X-11", "older", [](E& e) {
    e.facts.table_version = Ints{1, 1};
    e.facts.table_threw = true;
  });

  const auto ends = [](int status, bool raised) {
    return [=](E& e) {
      succeeds(e);
      e.facts.table_status = status;
      e.facts.table_raised = raised;
    };
  };
  const std::string reason = "table-error-unset";
  const auto library = Blame::kLibrary;
  rows.follows("X-12", "success", ends(0, false), {.variant = "import-plain"});
  rows.follows("X-12", "failure", ends(-1, true), {.variant = "import-fp4"});
  rows.follows("X-12", "the owning export may fail with any number", ends(1, true),
               {.variant = "export-sparse"});
  rows.breaks("X-12", "the import fails with 1", ends(1, true), reason, library,
              {.variant = "import-fp4"});
  rows.breaks("X-12", "fails without an exception", ends(-1, false), reason, library,
              {.variant = "export-sparse"});
  rows.breaks("X-12", "succeeds with one", ends(0, true), reason, library,
              {.variant = "borrow-plain"});
  rows.breaks("X-12", "lost", both(described, [](E& e) { e.crashes(); }), reason, library,
              {.variant = "import-fp4"});
  rows.leaves_out("X-12", "lost by abort, which is X-11",
                  both(described,
                       [](E& e) {
                         e.crashes();
                         e.facts.crash_signal = "SIGABRT";
                       }),
                  {.variant = "import-fp4"});
  rows.leaves_out("X-12", "older",
                  both(ends(0, true),
                       [](E& e) {
                         e.facts.table_version = Ints{1, 1};
                       }),
                  {.variant = "borrow-plain"});
}

void of_exports(Rows& rows) {
  const Probed everyday{.variant = "float32-matrix"};
  const Probed other{.variant = "float8-matrix"};
  const auto producer = Blame::kProducer;
  const std::string owning = "table-export";
  rows.follows("X-13", "a whole loan", exports, everyday);
  rows.follows("X-13", "memory that nobody can watch",
               both(exports,
                    [](E& e) {
                      e.facts.life_held.reset();
                      e.facts.life_freed.reset();
                      e.facts.export_values.reset();
                    }),
               other);
  rows.breaks("X-13", "declines what everybody gives", declines, owning, producer, everyday);
  rows.leaves_out("X-13", "declines another dtype", declines, other);
  rows.breaks("X-13", "lost with another dtype", both(described, [](E& e) { e.crashes(); }), owning,
              producer, other);
  const auto spoilt = [&](const std::string& what, const Edit& edit) {
    rows.breaks("X-13", what, both(exports, edit), owning, producer, other);
  };
  spoilt("no tensor", [](E& e) { e.facts.table_gave = false; });
  spoilt("fails and leaves no exception", [](E& e) { e.facts.table_status = -1; });
  spoilt("of another major version", [](E& e) { e.facts.export_version = Ints{2, 0}; });
  spoilt("other shape", [](E& e) { e.facts.export_shape = Ints{4, 3}; });
  spoilt("other values", [](E& e) { e.facts.export_values = false; });
  spoilt("does not hold the memory", [](E& e) { e.facts.life_held = false; });
  spoilt("holds it for ever", [](E& e) { e.facts.life_freed = false; });
  spoilt("keeps a reference", [](E& e) { e.facts.table_refs = 1; });
  rows.leaves_out("X-13", "older",
                  both(exports,
                       [](E& e) {
                         e.facts.table_refs = 1;
                         e.facts.table_version = Ints{1, 1};
                       }),
                  other);

  rows.leaves_open("X-16", "an int", declines, "foreign-object-open",
                   {.variant = "export-int", .malformed = true});

  const std::string lent = "table-borrow";
  rows.follows("X-17", "borrows", borrows, everyday);
  rows.breaks("X-17", "declines what everybody gives", declines, lent, producer, everyday);
  rows.leaves_out("X-17", "declines another dtype", declines, other);
  const auto lent_wrong = [&](const std::string& what, const Edit& edit) {
    rows.breaks("X-17", what, both(borrows, edit), lent, producer, other);
  };
  lent_wrong("other fields", [](E& e) { e.facts.table_same_fields = false; });
  lent_wrong("other values", [](E& e) { e.facts.export_values = false; });
  lent_wrong("keeps the memory", [](E& e) { e.facts.life_freed = false; });
  lent_wrong("keeps a reference", [](E& e) { e.facts.table_refs = 1; });
  rows.breaks("X-17", "lost", both(described, [](E& e) { e.crashes(); }), lent, producer, other);
  rows.leaves_out("X-17", "older",
                  both(borrows,
                       [](E& e) {
                         e.facts.table_refs = 1;
                         e.facts.table_version = Ints{1, 1};
                       }),
                  other);
  rows.leaves_open("X-18", "one place", both(borrows, [](E& e) { e.facts.table_steady = true; }),
                   "borrow-allocates-open");
  rows.leaves_out("X-18", "declines", declines);
}

void of_imports(Rows& rows) {
  const Probed everyday{.variant = "float32-matrix"};
  const Probed other{.variant = "float32-reversed"};
  const auto consumer = Blame::kConsumer;
  const std::string reason = "table-import";
  rows.follows("X-19", "taken over", imports, everyday);
  rows.follows("X-19", "values that nobody reads",
               both(imports, [](E& e) { e.facts.result_values.reset(); }), other);
  rows.breaks("X-19", "declines what everybody takes", declines, reason, consumer, everyday);
  rows.leaves_out("X-19", "declines a layout", declines, other);
  rows.leaves_out("X-19", "lost, which is C-45", both(described, [](E& e) { e.crashes(); }), other);
  const auto spoilt = [&](const std::string& what, const Edit& edit) {
    rows.breaks("X-19", what, both(imports, edit), reason, consumer, other);
  };
  spoilt("no object", [](E& e) { e.facts.table_gave = false; });
  spoilt("foreign type", [](E& e) { e.facts.result_own_type = false; });
  spoilt("other shape", [](E& e) { e.facts.result_shape = Ints{4, 3}; });
  spoilt("other values", [](E& e) { e.facts.result_values = false; });
  spoilt("deleted while it is used", [](E& e) { e.facts.end_early = true; });
  spoilt("never deleted", [](E& e) { e.facts.end_deleter_calls = 0; });
  spoilt("deleted twice", [](E& e) { e.facts.end_deleter_calls = 2; });

  rows.leaves_open("X-20", "declined", declines, "failed-import-open", {.variant = "fp4"});
  rows.leaves_out("X-20", "taken", imports, {.variant = "fp4"});

  const std::string major = "table-major-imported";
  rows.follows("X-32", "declined", declines, {.variant = "intact"});
  rows.breaks("X-32", "taken", imports, major, consumer, {.variant = "intact"});
  rows.breaks("X-32", "lost", both(described, [](E& e) { e.crashes(); }), major, consumer,
              {.variant = "unreadable"});
}

void of_the_allocator(Rows& rows) {
  const auto library = Blame::kLibrary;
  const auto older = [](E& e) { e.facts.table_version = Ints{1, 1}; };
  const auto lost = both(described, [](E& e) { e.crashes(); });
  rows.follows("X-21", "reads four fields", allocates);
  rows.breaks("X-21", "fails", allocates_nothing, "allocator-reads-more");
  rows.breaks("X-21", "another tensor",
              both(allocates, [](E& e) { e.facts.table_matches = false; }), "allocator-reads-more");
  rows.breaks("X-21", "lost", lost, "allocator-reads-more");
  rows.leaves_out("X-21", "older", both(allocates_nothing, older));

  rows.follows("X-22", "works", allocates);
  rows.follows("X-22", "fails", allocates_nothing);
  const auto wrong = [&](const std::string& what, const Edit& base, const Edit& edit) {
    rows.breaks("X-22", what, both(base, edit), "allocator-error");
  };
  wrong("fails in silence", allocates_nothing, [](E& e) { e.facts.table_set_error = 0; });
  wrong("fails and gives a tensor", allocates_nothing, [](E& e) { e.facts.table_gave = true; });
  wrong("works and complains", allocates, [](E& e) { e.facts.table_set_error = 1; });
  wrong("works and gives nothing", allocates, [](E& e) { e.facts.table_gave = false; });
  rows.breaks("X-22", "lost", lost, "allocator-error");
  rows.leaves_out("X-22", "older",
                  both(both(allocates_nothing, older), [](E& e) { e.facts.table_set_error = 0; }));

  const std::string reason = "allocated-tensor";
  rows.follows("X-23", "as asked", allocates);
  rows.follows("X-23", "memory out of the host's reach",
               both(allocates, [](E& e) { e.facts.table_writable.reset(); }));
  rows.leaves_out("X-23", "fails", allocates_nothing);
  const auto spoilt = [&](const std::string& what, const Edit& edit) {
    rows.breaks("X-23", what, both(allocates, edit), reason, library);
  };
  spoilt("nothing", [](E& e) { e.facts.table_gave = false; });
  spoilt("another major version", [](E& e) { e.facts.export_version = Ints{2, 0}; });
  spoilt("another shape", [](E& e) { e.facts.table_matches = false; });
  spoilt("not written", [](E& e) { e.facts.table_writable = false; });
  spoilt("marked read-only", [](E& e) { e.facts.export_flags = 1; });
  rows.breaks("X-23", "lost", lost, reason);
  rows.leaves_out("X-23", "older",
                  both(both(allocates, older), [](E& e) { e.facts.export_flags = 1; }));

  const std::string needs = "allocator-needs-python";
  rows.follows("X-24", "works", allocates);
  rows.follows("X-24", "while another thread holds the GIL",
               both(allocates, [](E& e) { e.facts.table_without_gil = true; }));
  rows.permits("X-24", "waits for the GIL",
               both(allocates, [](E& e) { e.facts.table_without_gil = false; }), needs);
  rows.permits("X-24", "lost", lost, needs);
  rows.permits("X-24", "fails in silence",
               both(allocates_nothing, [](E& e) { e.facts.table_set_error = 0; }), needs);
  rows.leaves_out("X-24", "older", both(lost, older));

  rows.follows("X-27", "NULL", both(succeeds, [](E& e) { e.facts.table_stream_null = true; }));
  rows.permits("X-27", "a stream", both(succeeds, [](E& e) { e.facts.table_stream_null = false; }),
               "cpu-stream");
  rows.permits("X-27", "fails", declines, "cpu-stream");
  rows.leaves_out("X-27", "older", both(declines, older));
}

void of_consumers(Rows& rows) {
  const auto consumer = Blame::kConsumer;
  rows.follows("X-07", "left alone", [](E& e) { e.facts.table_stray_calls = 0; });
  rows.breaks(
      "X-07", "called", [](E& e) { e.facts.table_stray_calls = 1; }, "table-version-unchecked",
      consumer);
  rows.follows("X-09", "the older one is used", [](E& e) { e.facts.table_used = true; });
  rows.permits(
      "X-09", "it is not", [](E& e) { e.facts.table_used = false; }, "older-table-unused",
      consumer);
  rows.follows("X-28", "taken by __dlpack__", [](E& e) {
    e.returned();
    e.facts.result_values = true;
  });
  rows.permits(
      "X-28", "refused", [](E& e) { e.raised("TypeError"); }, "table-no-fallback", consumer);
  rows.permits(
      "X-28", "other values",
      [](E& e) {
        e.returned();
        e.facts.result_values = false;
      },
      "table-no-fallback", consumer);
  const auto calls = [](bool used, bool gil) {
    return [=](E& e) {
      e.facts.table_used = used;
      e.facts.calls_gil = gil;
    };
  };
  rows.follows("X-33", "with the GIL", calls(true, true));
  rows.breaks("X-33", "without", calls(true, false), "table-without-gil", consumer);
  rows.leaves_out("X-33", "not by the table", calls(false, false));
}

}  // namespace

std::vector<ProtocolRow> exchange_api_protocol_rows() {
  Rows rows;
  of_the_attribute(rows);
  of_the_table(rows);
  of_errors(rows);
  of_exports(rows);
  of_imports(rows);
  of_the_allocator(rows);
  of_consumers(rows);
  return rows.all;
}

}  // namespace dlpack_conformance
