// The digest of a record's footer, by the examples of FIPS 180-4.
#include "gtest/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace dlpack_conformance::kit {
namespace {

std::string digest_of(std::string_view text) {
  Sha256 digest;
  digest.add(text);
  return digest.text();
}

TEST(Sha256, OfNothing) {
  EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, OfOneBlock) {
  EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfTwoBlocks) {
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, OfManyPieces) {
  Sha256 digest;
  for (int piece = 0; piece < 10'000; ++piece) digest.add(std::string(100, 'a'));
  EXPECT_EQ(digest.text(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace dlpack_conformance::kit
