#include "io/os/bulk_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::os {
namespace {

namespace fs = std::filesystem;

class BulkFilesTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> all;
    EXPECT_TRUE(for_each_file(folder_.path(), [&](const FoundFile& file) -> Result<void> {
                  all.insert(file.name + (file.is_regular ? "" : " (not a file)"));
                  return {};
                }).has_value());
    return all;
  }

  TemporaryFolder folder_;
};

TEST_F(BulkFilesTest, AFileIsPutInThePlaceOfWhatIsThere) {
  ASSERT_TRUE(make_folders(path("a/b")).has_value());
  ASSERT_TRUE(put_file(path("a/b/one"), "first").has_value());
  ASSERT_TRUE(put_file(path("a/b/one"), "then").has_value());
  EXPECT_EQ(read_file(path("a/b/one"), 100).value(), "then");
  std::ofstream(path("a/b/one")) << "much longer than what comes";
  ASSERT_TRUE(put_file(path("a/b/one"), "at last").has_value());
  EXPECT_EQ(read_file(path("a/b/one"), 100).value(), "at last");
  EXPECT_EQ(names(), std::set<std::string>{"a/b/one"});
  EXPECT_TRUE(sync_all(folder_.path()).has_value());
  EXPECT_EQ(put_file(path("none/one"), "").error().code, ErrorCode::kFileMissing);
  EXPECT_EQ(sync_all(path("none")).error().code, ErrorCode::kFileMissing);
}

TEST_F(BulkFilesTest, NothingIsWrittenThroughALink) {
  std::ofstream(path("elsewhere")) << "kept";
  fs::create_symlink(path("elsewhere"), path("one"));
  EXPECT_FALSE(put_file(path("one"), "new").has_value());
  EXPECT_EQ(read_file(path("elsewhere"), 100).value(), "kept");
}

TEST_F(BulkFilesTest, OneProcessAtATimeWrites) {
  {
    const Result<FileLock> lock = lock_folder(folder_.path());
    ASSERT_TRUE(lock.has_value());
    EXPECT_EQ(lock_folder(folder_.path()).error().code, ErrorCode::kStoreBusy);
  }
  EXPECT_TRUE(lock_folder(folder_.path()).has_value());
  EXPECT_EQ(names(), std::set<std::string>());
}

TEST_F(BulkFilesTest, AllFilesAreFoundAndLinksNotFollowed) {
  ASSERT_TRUE(make_folders(path("x/y")).has_value());
  ASSERT_TRUE(make_folders(path("empty/below")).has_value());
  ASSERT_TRUE(put_file(path("x/y/1"), "").has_value());
  ASSERT_TRUE(put_file(path("2"), "").has_value());
  fs::create_directory_symlink(path("x"), path("link"));
  EXPECT_EQ(names(), (std::set<std::string>{"x/y/1", "2", "link (not a file)"}));
  EXPECT_EQ(for_each_file(path("none"), nullptr).error().code, ErrorCode::kFileMissing);
  EXPECT_EQ(
      for_each_file(folder_.path(), [](const FoundFile&) { return fail(ErrorCode::kGap, ""); })
          .error()
          .code,
      ErrorCode::kGap);
  remove_empty_folders(folder_.path());
  EXPECT_FALSE(fs::exists(path("empty")));
  EXPECT_TRUE(fs::exists(path("x/y/1")));
  EXPECT_TRUE(remove_file(path("x/y/1")).has_value());
  EXPECT_TRUE(remove_file(path("x/y/1")).has_value());
  EXPECT_EQ(names(), (std::set<std::string>{"2", "link (not a file)"}));
}

}  // namespace
}  // namespace chancery::os
