#include "io/os/disk.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::os {
namespace {

TEST(DiskTest, SaysWhatTheSystemSays) {
  const TemporaryFolder folder;
  const Result<std::uint64_t> free = free_bytes(folder.path());
  ASSERT_TRUE(free.has_value());
  const auto space = std::filesystem::space(folder.path());
  EXPECT_GT(*free, 0U);
  EXPECT_LE(*free, space.capacity);
}

TEST(DiskTest, AFolderThatIsNotThereHasNoDisk) {
  const TemporaryFolder folder;
  EXPECT_EQ(free_bytes(folder.path() + "/none").error().code, ErrorCode::kFileMissing);
}

}  // namespace
}  // namespace chancery::os
