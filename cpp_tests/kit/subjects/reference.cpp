#include "kit/subjects/reference_traits.h"

using dlpack_conformance::test::ReferenceTraits;
DLCONFORM_LIBRARY(ReferenceTraits);
