#include "core/base/code_point.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace chancery {
namespace {

std::vector<char32_t> all_of(std::string_view text) {
  std::vector<char32_t> out;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    out.push_back(point.is_broken ? 0 : point.value);
    text.remove_prefix(point.size);
  }
  return out;
}

TEST(CodePoint, TakesEachLength) {
  EXPECT_EQ(all_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"),
            (std::vector<char32_t>{'a', 0xe9, 0x20ac, 0x1f600, 'z'}));
}

TEST(CodePoint, TakesWhatIsNoUtf8ByteForByte) {
  // A lone continuation, an overlong slash, a surrogate, and a sequence that ends early.
  EXPECT_EQ(all_of("\x80"
                   "a"),
            (std::vector<char32_t>{0, 'a'}));
  EXPECT_EQ(all_of("\xc0\xaf"), (std::vector<char32_t>{0, 0}));
  EXPECT_EQ(all_of("\xed\xa0\x80"), (std::vector<char32_t>{0, 0, 0}));
  EXPECT_EQ(all_of("\xe2\x82"), (std::vector<char32_t>{0, 0}));
  EXPECT_FALSE(first_code_point("\xef\xbf\xbd").is_broken);  // U+FFFD itself is sound.
  EXPECT_EQ(first_code_point("\xef\xbf\xbd").size, 3U);
}

TEST(CodePoint, DeceivesWhereNobodySeesIt) {
  for (const char32_t c : {0x0U, 0x1bU, 0x7fU, 0x9bU, 0xadU, 0x61cU, 0x200bU, 0x200eU, 0x202eU,
                           0x2066U, 0xfeffU, 0xe0041U, 0x2800U, 0x3164U, 0xfe0fU, 0xe0100U}) {
    EXPECT_TRUE(is_deceptive(c)) << std::hex << static_cast<std::uint32_t>(c);
  }
  for (const char32_t c :
       {0x20U, 0x7eU, 0xa0U, 0x200aU, 0x2010U, 0x2027U, 0x202fU, 0x20acU, 0x1f600U}) {
    EXPECT_FALSE(is_deceptive(c)) << std::hex << static_cast<std::uint32_t>(c);
  }
}

}  // namespace
}  // namespace chancery
