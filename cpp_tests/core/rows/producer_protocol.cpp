// Examples of protocol cases for the rules P.
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

using E = ProtocolExample;
using Edit = std::function<void(E&)>;

/// A plain matrix of float32 and an export of it, asked with these keywords.
Edit exported(
    const std::string& keywords = "max_version=(1, 3)", const Edit& then = [](E&) {}) {
  return [=](E& e) {
    Facts& facts = e.facts;
    facts.source_shape = Ints{3, 4};
    facts.source_dtype = "float32";
    facts.source_address = "0";
    facts.source_writable = true;
    facts.export_keywords = keywords;
    facts.export_capsule = "dltensor_versioned";
    facts.export_version = Ints{1, 3};
    facts.export_flags = 0;
    facts.export_device = facts.export_dlpack_device = Ints{1, 0};
    facts.export_dtype = Ints{2, 32, 1};
    facts.export_shape = Ints{3, 4};
    facts.export_strides = Ints{4, 1};
    facts.export_address = "0";
    facts.export_values = true;
    then(e);
  };
}

Edit legacy(
    const std::string& keywords = "", const Edit& then = [](E&) {}) {
  return exported(keywords, [=](E& e) {
    e.facts.export_capsule = "dltensor";
    e.facts.export_version.reset();
    e.facts.export_flags.reset();
    then(e);
  });
}

Edit copied(const std::string& keywords = "max_version=(1, 0), copy=True", int flags = 2) {
  return exported(keywords, [=](E& e) {
    e.facts.export_address = "elsewhere";
    e.facts.export_flags = flags;
  });
}

Edit refused(const std::string& keywords, const std::string& error = "BufferError",
             const Texts& bases = {"Exception"}) {
  return [=](E& e) {
    e.facts.source_writable = true;
    e.facts.source_address = "0";
    e.facts.export_keywords = keywords;
    e.facts.export_error = error;
    e.facts.export_error_bases = bases;
  };
}

/// The process is lost in the call, or before it was made.
Edit lost_asking(const std::string& keywords) {
  return [=](E& e) {
    e.facts.export_keywords = keywords;
    e.crashes();
  };
}
const Edit kLostBefore = [](E& e) { e.crashes("export"); };
const Edit kLostInRelease = [](E& e) { e.crashes("release"); };

class Rows {
 public:
  void follows(const std::string& rule, const std::string& what, const Edit& edit,
               const Probed& probed = {}) {
    add(rule, what, edit, Verdict::kConforms, {}, Blame::kNone, probed);
  }
  void breaks(const std::string& rule, const std::string& what, const Edit& edit,
              const std::string& reason, const Probed& probed = {},
              Blame blame = Blame::kProducer) {
    add(rule, what, edit, Verdict::kDeviates, reason, blame, probed);
  }
  void permits(const std::string& rule, const std::string& what, const Edit& edit,
               const std::string& reason, const Probed& probed = {}) {
    add(rule, what, edit, Verdict::kPermitted, reason, Blame::kProducer, probed);
  }
  void leaves_open(const std::string& rule, const std::string& what, const Edit& edit,
                   const std::string& reason, const Probed& probed = {}) {
    add(rule, what, edit, Verdict::kUndecided, reason, Blame::kNone, probed);
  }
  void leaves_out(const std::string& rule, const std::string& what, const Edit& edit,
                  const Probed& probed = {}) {
    add(rule, what, edit, Verdict::kNotJudged, {}, Blame::kNone, probed);
  }
  /// A loss in the call breaks the rule, one before it does not.
  void lost(const std::string& rule, const std::string& keywords) {
    breaks(rule, "lost in the call", lost_asking(keywords), "process-lost");
    leaves_out(rule, "lost before the call", kLostBefore);
  }

  std::vector<ProtocolRow> take() { return std::move(rows_); }

 private:
  void add(const std::string& rule, const std::string& what, const Edit& edit, Verdict verdict,
           const std::string& reason, Blame blame, const Probed& probed) {
    rows_.push_back({rule, what, edit, verdict, reason, blame, probed});
  }
  std::vector<ProtocolRow> rows_;
};

Edit methods(const Texts& names) {
  return [=](E& e) { e.facts.accepts_methods = names; };
}

Edit keywords(const Texts& lacks, bool none_is_absent = true) {
  return [=](E& e) {
    e.facts.accepts_lacks = lacks;
    if (lacks.empty()) e.facts.accepts_none_is_absent = none_is_absent;
  };
}

Edit signature(const Texts& not_none) {
  return [=](E& e) {
    e.facts.accepts_lacks = Texts{};
    e.facts.accepts_not_none = not_none;
  };
}

void add_methods(Rows& rows) {
  rows.follows("P-01", "both", methods({"__dlpack__", "__dlpack_device__"}));
  rows.breaks("P-01", "one", methods({"__dlpack__"}), "methods-missing");
  rows.permits("P-01", "one, nothing declared", methods({"__dlpack__"}), "methods-missing",
               {.declares = false});

  rows.follows("P-02", "taken", keywords({}));
  rows.follows("P-02", "all default to None", signature({}));
  rows.permits("P-02", "stream defaults to the library's", signature({"stream"}),
               "A-10:own-stream");
  rows.breaks("P-02", "copy defaults to False", signature({"copy"}), "keyword-missing");
  rows.breaks("P-02", "unknown", keywords({"copy"}), "keyword-missing");
  rows.breaks("P-02", "None is something else", keywords({}, false), "keyword-missing");
  rows.breaks(
      "P-02", "lost", [](E& e) { e.crashes(); }, "process-lost");
  rows.leaves_out("P-02", "no signature is told", [](E&) {});

  const auto pair = [](bool yes) { return [=](E& e) { e.facts.accepts_pair = yes; }; };
  rows.follows("P-03", "a pair", pair(true));
  rows.breaks("P-03", "no pair", pair(false), "device-form");

  const Edit elsewhere = exported("", [](E& e) { e.facts.export_device = Ints{3, 0}; });
  for (const std::string rule : {"P-04", "P-23"}) {
    rows.follows(rule, "one device", exported());
    rows.breaks(rule, "two devices", elsewhere,
                rule == "P-04" ? "device-disagrees" : "own-device-left");
    rows.leaves_out(rule, "refused", refused("", "RuntimeError"));
    rows.lost(rule, "");
  }

  rows.follows("P-05", "raises", [](E& e) { e.raised("BufferError"); });
  rows.permits(
      "P-05", "raises another class", [](E& e) { e.raised("ValueError"); }, "wrong-error");
  rows.permits(
      "P-05", "answers", [](E& e) { e.returned(); }, "device-answered");

  rows.follows("P-40", "neither", methods({}));
  rows.permits("P-40", "both", methods({"__dlpack__", "__dlpack_device__"}), "methods-shown");

  const auto positional = [](bool yes) { return [=](E& e) { e.facts.accepts_positional = yes; }; };
  rows.follows("P-50", "by name", positional(false));
  rows.permits("P-50", "by position", positional(true), "positional-taken");
}

void add_keywords(Rows& rows) {
  const Probed unknown{.variant = "unknown-keyword"};
  rows.follows("P-41", "unknown keyword", refused("x=None", "TypeError"), unknown);
  rows.permits("P-41", "unknown keyword, another class", refused("x=None", "ValueError"),
               "wrong-error", unknown);
  rows.permits("P-41", "unknown keyword, as if it could not export", refused("x=None"),
               "caller-blamed-wrong", unknown);
  rows.permits("P-41", "unknown keyword taken", exported("x=None"), "caller-blamed-wrong", unknown);
  rows.follows("P-41", "wrong type", refused("copy='yes'", "ValueError"));
  rows.follows("P-41", "wrong type taken", exported("copy='yes'"));
  rows.permits("P-41", "wrong type, as if it could not export", refused("copy='yes'"),
               "caller-blamed-wrong");
  rows.leaves_out("P-41", "lost before the call", kLostBefore);

  const std::string own = "dl_device=(1, 0)";
  rows.follows("P-24", "in place", exported(own));
  rows.follows("P-24", "in place, legacy", legacy(own));
  rows.breaks("P-24", "a copy", copied(own), "own-device-copies");
  rows.breaks("P-24", "in place, called a copy",
              exported(own, [](E& e) { e.facts.export_flags = 2; }), "own-device-copies");
  rows.lost("P-24", own);

  const std::string cuda = "dl_device=(2, 0)";
  const std::string second = "max_version=(1, 0), dl_device=(1, 1), copy=True";
  rows.follows("P-25", "BufferError", refused(cuda));
  rows.follows("P-25", "met", exported(cuda, [](E& e) { e.facts.export_device = Ints{2, 0}; }));
  rows.permits("P-25", "another class", refused(cuda, "RuntimeError"), "wrong-error");
  rows.breaks("P-25", "ignored", exported(cuda), "device-ignored");
  rows.permits("P-25", "another id of the CPU", exported(second), "A-20:the-cpu");
  rows.follows("P-25", "another id of the CPU refused", refused(second));
  rows.lost("P-25", cuda);

  rows.leaves_open("P-26", "no pair", refused("dl_device='cpu'", "TypeError"), "device-form-open",
                   {.malformed = true});
}

void add_versions(Rows& rows) {
  rows.follows("P-06", "legacy", legacy());
  rows.follows("P-06", "versioned", exported());
  rows.breaks("P-06", "another name", exported("", [](E& e) { e.facts.export_capsule = "tensor"; }),
              "capsule-misnamed");

  rows.follows("P-18", "legacy", legacy());
  rows.follows("P-18", "BufferError", refused(""));
  rows.permits("P-18", "another class", refused("", "RuntimeError"), "wrong-error");
  rows.permits("P-18", "versioned", exported(""), "legacy-withheld");
  rows.leaves_out("P-18", "lost before the call", kLostBefore);

  const std::string old = "max_version=(0, 8)";
  rows.follows("P-21", "legacy", legacy(old));
  rows.follows("P-21", "BufferError", refused(old));
  rows.permits("P-21", "another class", refused(old, "RuntimeError"), "wrong-error");
  rows.permits("P-21", "versioned", exported(old), "lower-major-ignored");
  rows.leaves_out("P-21", "lost before the call", kLostBefore);

  for (const auto& [rule, asked, reason] :
       {std::tuple("P-19", "max_version=(1, 99)", "versioned-withheld"),
        std::tuple("P-22", "max_version=(2, 0)", "newest-withheld")}) {
    rows.follows(rule, "versioned", exported(asked));
    rows.permits(rule, "legacy", legacy(asked), reason);
    rows.permits(rule, "refused", refused(asked), reason);
    rows.permits(rule, "another major",
                 exported(asked,
                          [](E& e) {
                            e.facts.export_version = Ints{2, 0};
                          }),
                 reason);
    rows.permits(rule, "lost in the call", lost_asking(asked), "process-lost");
    rows.leaves_out(rule, "lost before the call", kLostBefore);
  }

  rows.leaves_open("P-20", "asked", exported("max_version=(1, 0)"), "version-open");
  rows.leaves_out("P-20", "not asked", [](E&) {});
  rows.leaves_open("P-36", "refused", refused(""), "readonly-legacy-open");

  const auto agree = [](bool yes) { return [=](E& e) { e.facts.export_agree = yes; }; };
  rows.follows("P-48", "alike", agree(true));
  rows.breaks("P-48", "different", agree(false), "exports-differ");
}

void add_copies(Rows& rows) {
  const std::string no = "max_version=(1, 0), copy=False";
  const std::string yes = "max_version=(1, 0), copy=True";
  const Probed needed{.variant = "needed-conj+1.0"};

  for (const auto& [rule, asked] :
       {std::pair("P-15", ""), std::pair("P-31", "max_version=(1, 0), copy=None")}) {
    rows.follows(rule, "in place", exported(asked));
    rows.breaks(rule, "a copy", copied(asked), "export-copies");
    rows.leaves_out(rule, "refused", refused(asked));
    rows.lost(rule, asked);
  }

  rows.follows("P-29", "a copy", copied());
  rows.breaks("P-29", "in place", exported(yes), "copy-true-shares");
  rows.breaks(
      "P-29", "elsewhere, and written through",
      [](E& e) {
        copied()(e);
        e.facts.proof_forward = "seen";
      },
      "copy-true-shares");
  rows.lost("P-29", yes);

  rows.follows("P-30", "in place", exported(no));
  rows.follows("P-30", "refused", refused(no, "RuntimeError"));
  rows.follows("P-30", "needed, refused", refused(no), needed);
  rows.permits("P-30", "needed, refused by another class", refused(no, "RuntimeError"),
               "wrong-error", needed);
  rows.breaks("P-30", "a copy", copied(no), "copy-false-copies");
  rows.lost("P-30", no);

  rows.follows("P-32", "says so", copied());
  rows.breaks("P-32", "does not say so", copied(yes, 0), "copied-flag-missing");
  rows.permits("P-32", "does not say so, nothing declared", copied(yes, 0), "copied-flag-missing",
               {.declares = false});
  rows.leaves_out("P-32", "in place", exported(yes));
  rows.leaves_out("P-32", "legacy", legacy(yes));
  rows.lost("P-32", yes);

  rows.follows("P-33", "in place", exported());
  rows.breaks("P-33", "in place, called a copy",
              exported("", [](E& e) { e.facts.export_flags = 2; }), "copied-flag-wrong");
  rows.leaves_out("P-33", "a copy", copied());
  rows.lost("P-33", no);

  const auto readonly = [](const Edit& edit, int flags) {
    return [=](E& e) {
      edit(e);
      e.facts.source_writable = false;
      e.facts.export_flags = flags;
    };
  };
  rows.follows("P-34", "free to write", readonly(copied(), 2));
  rows.permits("P-34", "read-only", readonly(copied(), 3), "copy-readonly");
  rows.leaves_out("P-34", "of a writable source", copied(yes, 3));
  rows.permits("P-34", "lost in the call", lost_asking(yes), "process-lost");

  rows.follows("P-35", "says so", readonly(exported(), 1));
  rows.breaks("P-35", "does not say so", readonly(exported(), 0), "readonly-flag-missing");
  rows.leaves_out("P-35", "of a writable source", exported());
  rows.lost("P-35", no);

  rows.leaves_open("P-52", "a copy", copied(), "copy-layout-open");
  rows.leaves_open("P-53", "a copy in a legacy capsule", legacy("copy=True"), "legacy-copy-open");
}

void add_contents(Rows& rows) {
  const auto values = [](bool right) {
    return exported("", [=](E& e) { e.facts.export_values = right; });
  };
  for (const auto& [rule, reason] :
       {std::pair("P-37", "undescribable-exported"), std::pair("P-39", "unstrided-exported")}) {
    rows.follows(rule, "BufferError", refused(""));
    rows.follows(rule, "a subclass of BufferError",
                 refused("", "alpha.ExportError", {"BufferError", "Exception"}));
    rows.permits(rule, "another class", refused("", "RuntimeError"), "wrong-error");
    rows.permits(rule, "went out", exported(""), reason);
    rows.leaves_out(rule, "lost before the call", kLostBefore);
  }

  rows.follows("P-38", "refused", refused("", "RuntimeError"));
  rows.follows("P-38", "resolved", values(true));
  rows.breaks("P-38", "raw", values(false), "lazy-values-raw");
  rows.breaks("P-38", "raw, nothing declared", values(false), "lazy-values-raw",
              {.declares = false});
  rows.lost("P-38", "");

  rows.follows("P-42", "exported", exported());
  rows.breaks("P-42", "refused", refused(""), "standard-dtype-refused", {}, Blame::kLibrary);
  rows.breaks("P-42", "lost in the call", lost_asking(""), "process-lost", {}, Blame::kLibrary);
  rows.leaves_out("P-42", "lost before the call", kLostBefore);

  const auto booleans = [](const Ints& dtype, bool right) {
    return exported("", [=](E& e) {
      e.facts.export_dtype = dtype;
      e.facts.export_values = right;
    });
  };
  rows.follows("P-44", "a byte each", booleans({6, 8, 1}, true));
  rows.follows("P-44", "a bit each, and said so", booleans({6, 1, 1}, false));
  rows.follows("P-44", "refused", refused(""));
  rows.breaks("P-44", "a bit each, called a byte", booleans({6, 8, 1}, false), "bits-as-bytes");
  rows.lost("P-44", "");

  rows.follows("P-46", "as the source", exported());
  rows.breaks("P-46", "other values, nothing declared", values(false), "export-differs",
              {.declares = false});
  rows.breaks("P-46", "another shape",
              exported("",
                       [](E& e) {
                         e.facts.export_shape = Ints{4, 3};
                       }),
              "export-differs");
  rows.breaks("P-46", "another dtype",
              exported("",
                       [](E& e) {
                         e.facts.export_dtype = Ints{0, 32, 1};
                       }),
              "export-differs");
  rows.follows("P-46", "values of a dtype that DLPack lacks",
               exported("", [](E& e) { e.facts.source_dtype = "swapped-float32"; }));
  rows.leaves_out("P-46", "refused", refused(""));
  rows.lost("P-46", "");

  rows.leaves_open("P-43", "masked", exported(""), "mask-open");
  rows.leaves_open("P-51", "gradients", refused(""), "autograd-open");
}

void add_life(Rows& rows) {
  const auto freed = [](bool yes) { return [=](E& e) { e.facts.life_freed = yes; }; };
  const auto growth = [](Int bytes, Int refs = 0) {
    return [=](E& e) {
      e.facts.life_repeats = 1000;
      e.facts.life_grown = bytes;
      e.facts.life_refs = refs;
    };
  };
  rows.follows("P-07", "freed", freed(true));
  rows.follows("P-07", "nothing grows", growth(0));
  rows.breaks("P-07", "not freed", freed(false), "capsule-leaks");
  rows.breaks("P-07", "grows", growth(64000), "capsule-leaks");
  rows.breaks("P-07", "lost in release", kLostInRelease, "capsule-leaks");
  rows.leaves_out("P-07", "lost before", kLostBefore);
  rows.leaves_out("P-07", "not to be counted", [](E&) {});

  const auto consumed = [](bool held, bool freed_after) {
    return [=](E& e) {
      e.facts.life_held = held;
      e.facts.life_freed = freed_after;
    };
  };
  rows.follows("P-08", "left alone", consumed(true, true));
  rows.breaks("P-08", "deleted with the capsule", consumed(false, true), "consumed-deleted");
  rows.breaks("P-08", "never freed", consumed(true, false), "consumed-deleted");
  rows.breaks("P-08", "lost in release", kLostInRelease, "consumed-deleted");
  rows.leaves_out("P-08", "lost before", kLostBefore);

  rows.leaves_open(
      "P-10", "pending", [](E& e) { e.facts.life_pending_kept = true; }, "pending-open");
  rows.leaves_open(
      "P-12", "at exit", [](E& e) { e.facts.life_exit = 0; }, "finalised-open");
  rows.leaves_open(
      "P-47", "four threads", [](E& e) { e.facts.life_threads = 4; }, "threads-open");

  const auto elsewhere = [](bool yes, bool right) {
    return [=](E& e) {
      e.facts.life_freed = yes;
      e.facts.life_right = right;
    };
  };
  rows.follows("P-11", "freed, source gone", freed(true));
  rows.follows("P-11", "freed, source right", elsewhere(true, true));
  const auto locked_out = [](int moved) {
    return [=](E& e) {
      e.facts.life_refs = moved;
      e.facts.life_freed = true;
    };
  };
  rows.follows("P-11", "waits for the GIL", locked_out(0));
  rows.breaks("P-11", "drops a reference without the GIL", locked_out(-1), "deleter-needs-gil");
  rows.breaks("P-11", "not freed", freed(false), "deleter-needs-gil");
  rows.breaks("P-11", "source spoilt", elsewhere(true, false), "deleter-needs-gil");
  rows.breaks("P-11", "lost in release", kLostInRelease, "deleter-needs-gil");
  rows.breaks(
      "P-11", "stands still", [](E& e) { e.crashes("release", "hung"); }, "deleter-needs-gil");
  rows.leaves_out("P-11", "lost before", kLostBefore);

  rows.follows("P-13", "flat", growth(0));
  rows.follows("P-13", "less than a struct", growth(16000));
  rows.breaks("P-13", "a struct each", growth(64000), "export-leaks");
  rows.breaks("P-13", "references", growth(0, 1000), "export-leaks");
  rows.leaves_out("P-13", "lost before", kLostBefore);

  const auto outlives = [](bool held, bool right) {
    return [=](E& e) {
      e.facts.life_held = held;
      if (held) e.facts.export_values = right;
    };
  };
  rows.follows("P-14", "right", outlives(true, true));
  rows.breaks("P-14", "wrong", outlives(true, false), "memory-gone");
  rows.breaks("P-14", "not held", outlives(false, false), "memory-gone");
  rows.breaks(
      "P-14", "lost in reading", [](E& e) { e.crashes("read"); }, "memory-gone");
  rows.leaves_out("P-14", "lost before", kLostBefore);

  const auto independent = [](bool distinct, bool right, bool free) {
    return [=](E& e) {
      e.facts.capsule_distinct = distinct;
      e.facts.life_right = right;
      e.facts.life_freed = free;
    };
  };
  rows.follows("P-16", "independent", independent(true, true, true));
  rows.breaks("P-16", "one capsule twice", independent(false, true, true), "exports-tied");
  rows.breaks("P-16", "the other one wrong", independent(true, false, true), "exports-tied");
  rows.breaks("P-16", "held for ever", independent(true, true, false), "exports-tied");
  rows.breaks("P-16", "lost in release", kLostInRelease, "exports-tied");
  rows.leaves_out("P-16", "lost before", kLostBefore);
  rows.leaves_out("P-16", "one refused", refused(""));

  const auto after = [](bool same, bool right) {
    return [=](E& e) {
      e.facts.life_same = same;
      e.facts.life_right = right;
    };
  };
  rows.follows("P-17", "as before", after(true, true));
  rows.breaks("P-17", "changed", after(false, true), "source-spoilt");
  rows.breaks("P-17", "the export wrong", after(true, false), "source-spoilt");
  rows.breaks(
      "P-17", "lost in writing", [](E& e) { e.crashes("write"); }, "process-lost");
  rows.leaves_out("P-17", "lost before", kLostBefore);

  const auto failed = [&](Int bytes) {
    return [=](E& e) {
      refused("")(e);
      growth(bytes)(e);
    };
  };
  rows.follows("P-45", "nothing stays", failed(0));
  rows.permits("P-45", "grows", failed(64000), "refusal-leaks");
  rows.leaves_out("P-45", "not refused", [=](E& e) {
    exported("")(e);
    growth(64000)(e);
  });
}

}  // namespace

std::vector<ProtocolRow> producer_protocol_rows() {
  Rows rows;
  add_methods(rows);
  add_keywords(rows);
  add_versions(rows);
  add_copies(rows);
  add_contents(rows);
  add_life(rows);
  return rows.take();
}

}  // namespace dlpack_conformance
