#include "io/os/scratch_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace chancery::os {
namespace {

TEST(ScratchFileTest, GivesBackWhatWasAppended) {
  ScratchFile scratch;
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(scratch.append("first").value(), 0U);
  EXPECT_EQ(scratch.append(large).value(), 5U);
  EXPECT_EQ(scratch.append("last").value(), 1'000'005U);
  EXPECT_EQ(scratch.read(0, 5).value(), "first");
  EXPECT_EQ(scratch.read(5, large.size()).value(), large);
  EXPECT_EQ(scratch.read(1'000'004, 5).value(), "xlast");
  EXPECT_EQ(scratch.read(1'000'009, 0).value(), "");
  for (const std::uint64_t offset : {std::uint64_t{1'000'006}, ~std::uint64_t{0}}) {
    const Result<std::string> beyond = scratch.read(offset, 4);
    ASSERT_FALSE(beyond.has_value());
    EXPECT_EQ(beyond.error().code, ErrorCode::kIo);
  }
}

TEST(ScratchFileTest, HasNoNameAndIsWhereTmpdirSays) {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("scratch" + std::to_string(::getpid()));
  const char* const before = std::getenv("TMPDIR");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("TMPDIR", folder.c_str(), 1);
  ScratchFile scratch;
  const Result<std::uint64_t> nowhere = scratch.append("text");
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code, ErrorCode::kFileMissing);
  EXPECT_NE(nowhere.error().detail.find(folder), std::string::npos);
  ASSERT_TRUE(std::filesystem::create_directory(folder));
  EXPECT_TRUE(scratch.append("text").has_value());
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_EQ(scratch.read(0, 4).value(), "text");
  std::filesystem::remove(folder);
  before != nullptr ? ::setenv("TMPDIR", kept.c_str(), 1) : ::unsetenv("TMPDIR");
}

}  // namespace
}  // namespace chancery::os
