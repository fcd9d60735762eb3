#include "core/exchange/audit_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/crypto/sha256.h"

namespace chancery::exchange {
namespace {

Hash numbered(std::uint64_t number) {
  return crypto::sha256({as_bytes(std::to_string(number))});
}

std::string id_of(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(16 - digits.size(), '0') + digits;
}

class AuditMemoryTest : public testing::Test {
 protected:
  [[nodiscard]] Scratch scratch() {
    return {.append = [this](std::string_view bytes) -> Result<std::uint64_t> {
              if (bytes_.size() + bytes.size() > size_max_) {
                return fail(ErrorCode::kDiskFull, "the test's scratch");
              }
              bytes_.append(bytes);
              return bytes_.size() - bytes.size();
            },
            .read = [this](std::uint64_t offset, std::size_t size) -> Result<std::string> {
              return bytes_.substr(offset, size);
            }};
  }

  std::string bytes_;
  std::size_t size_max_ = std::string::npos;
};

TEST_F(AuditMemoryTest, HeadsAreFoundWhereverTheyAre) {
  constexpr std::uint64_t kCount = 30'000;
  HeadMemory heads(scratch());
  HeadMemory in_memory(Scratch{});
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    ASSERT_TRUE(heads.add(3 * i, numbered(i)).has_value());
    ASSERT_TRUE(in_memory.add(3 * i, numbered(i)).has_value());
  }
  EXPECT_GT(bytes_.size(), kCount * 40 / 2);
  for (std::uint64_t size = 0; size <= 3 * kCount + 2; size += 1 + size % 7) {
    const bool is_head = size % 3 == 0 && size > 0 && size <= 3 * kCount;
    const auto expected = is_head ? std::optional(numbered(size / 3)) : std::nullopt;
    ASSERT_EQ(heads.root_at(size).value(), expected) << size;
    ASSERT_EQ(in_memory.root_at(size).value(), expected) << size;
  }
}

// Three runs in the scratch and one in memory; of some ids the second row is in another run.
TEST_F(AuditMemoryTest, AnotherDraftOfAnIdIsFoundHoweverFarItIs) {
  constexpr std::uint64_t kCount = 900'000;
  DraftMemory drafts(scratch());
  const Hash notice = numbered(0);
  const Hash other = numbered(1);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(drafts.add(i, "AM", id_of(i), notice).has_value());
  }
  std::vector<std::uint64_t> expected;
  const auto again = [&](std::uint64_t number, std::string_view origin, const Hash& what) {
    const std::uint64_t index = kCount + number;
    ASSERT_TRUE(drafts.add(index, origin, id_of(number), what).has_value());
    if (origin == "AM" && what == other) {
      expected.push_back(index);
    }
  };
  for (const std::uint64_t number : {0U, 1U, 262'143U, 262'144U, 500'000U, 899'999U}) {
    again(number, "AM", other);
  }
  again(5, "AM", notice);
  again(6, "BY", other);
  EXPECT_GT(bytes_.size(), std::size_t{3} * 262'144 * 32);
  std::vector<std::uint64_t> found;
  ASSERT_TRUE(drafts
                  .find_reused([&](const ReusedId& reused) {
                    found.push_back(reused.index);
                    EXPECT_EQ(reused.index_first, reused.index - kCount);
                    EXPECT_EQ(reused.origin, "AM");
                    EXPECT_EQ(reused.notice_id, id_of(reused.index_first));
                  })
                  .has_value());
  std::ranges::sort(found);
  EXPECT_EQ(found, expected);
}

TEST_F(AuditMemoryTest, AScratchThatFailsIsSaid) {
  size_max_ = 100;
  HeadMemory heads(scratch());
  Result<void> added;
  for (std::uint64_t i = 1; i <= 10'000 && added.has_value(); ++i) {
    added = heads.add(i, numbered(i));
  }
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code, ErrorCode::kDiskFull);

  DraftMemory drafts(scratch());
  added = {};
  for (std::uint64_t i = 0; i < 300'000 && added.has_value(); ++i) {
    added = drafts.add(i, "AM", id_of(i), Hash{});
  }
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code, ErrorCode::kDiskFull);
}

}  // namespace
}  // namespace chancery::exchange
