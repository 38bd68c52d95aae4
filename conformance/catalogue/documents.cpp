#include "catalogue/documents.h"

namespace dlpack_conformance {
namespace {

using enum Binds;

constexpr auto kRows = std::to_array<DocumentRow>({
    {.key = "H",
     .title = "dlpack.h",
     .where = "dmlc/dlpack include/dlpack/dlpack.h, 1.3",
     .binds = kAnyone},
    {.key = "PS",
     .title = "Python Specification for DLPack, implementation",
     .where = "dmlc/dlpack docs/source/python_spec.rst",
     .binds = kAnyone},
    {.key = "PS",
     .title = "Python Specification for DLPack, syntax and semantics",
     .where = "dmlc/dlpack docs/source/python_spec.rst",
     .binds = kArrayApi},
    {.key = "DP",
     .title = "array API, __dlpack__",
     .where = "data-apis/array-api src/array_api_stubs/_draft/array_object.py",
     .binds = kArrayApi},
    {.key = "DD",
     .title = "array API, __dlpack_device__",
     .where = "data-apis/array-api src/array_api_stubs/_draft/array_object.py",
     .binds = kArrayApi},
    {.key = "FD",
     .title = "array API, from_dlpack",
     .where = "data-apis/array-api src/array_api_stubs/_draft/creation_functions.py",
     .binds = kArrayApi},
    {.key = "DI",
     .title = "array API, data interchange mechanisms",
     .where = "data-apis/array-api spec/draft/design_topics/data_interchange.rst",
     .binds = kArrayApi},
    {.key = "CV",
     .title = "array API, copies, views and mutation",
     .where = "data-apis/array-api spec/draft/design_topics/copies_views_and_mutation.rst",
     .binds = kArrayApi},
    {.key = "AI",
     .title = "NumPy, the array interface protocol",
     .where = "numpy/numpy doc/source/reference/arrays.interface.rst, version 3",
     .binds = kAnyone},
    {.key = "NI",
     .title = "NumPy, interoperability",
     .where = "numpy/numpy doc/source/user/basics.interoperability.rst",
     .binds = kAnyone},
    {.key = "NP",
     .title = "NumPy reference of the function",
     .where = "NumPy 2.4.6",
     .binds = kAnyone},
    {.key = "PT",
     .title = "PyTorch reference of the function",
     .where = "PyTorch 2.13.0",
     .binds = kAnyone},
    {.key = "BUF",
     .title = "Python, buffer protocol",
     .where = "python/cpython Doc/c-api/buffer.rst; PEP 3118; PEP 688",
     .binds = kAnyone},
    {.key = "CAI",
     .title = "CUDA Array Interface",
     .where = "numba-cuda manual, version 3",
     .binds = kAnyone},
    {.key = "route",
     .title = "the route's own documentation",
     .where = "named by the route's promise",
     .binds = kAnyone},
    {.key = "issue",
     .title = "issue or pull request",
     .where = "named by repository and number",
     .binds = kByDocument},
});

static_assert(kRows.size() == static_cast<std::size_t>(Document::kIssue) + 1, "one row a document");

}  // namespace

std::span<const DocumentRow> documents() { return kRows; }

}  // namespace dlpack_conformance
