#include "daemon/disk_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/log/log.h"
#include "tests/support/keys.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::daemon {
namespace {

Result<DiskMarks> marks_of(const std::string& text) {
  text::TomlTable root = test::must(text::TomlTable::parse(text, "hub.toml"));
  CHANCERY_TRY(const DiskMarks marks, read_disk_marks(root));
  CHANCERY_TRY_VOID(root.finish());
  return marks;
}

TEST(DiskWatchTest, MarksHaveDefaultsInOrder) {
  const DiskMarks marks = test::must(marks_of(""));
  EXPECT_GT(marks.warn_free_bytes, marks.routine_free_bytes);
  EXPECT_GT(marks.routine_free_bytes, marks.urgent_free_bytes);
  EXPECT_GT(marks.urgent_free_bytes, 0U);
  EXPECT_EQ(test::must(marks_of("[disk]\nurgent_free_bytes = 7\n")).urgent_free_bytes, 7U);
}

TEST(DiskWatchTest, EachMarkIsAboveTheNext) {
  const auto marks = [](int warn, int routine, int urgent) {
    return "[disk]\nwarn_free_bytes = " + std::to_string(warn) +
           "\nroutine_free_bytes = " + std::to_string(routine) +
           "\nurgent_free_bytes = " + std::to_string(urgent) + "\n";
  };
  EXPECT_EQ(test::must(marks_of(marks(3, 2, 1))).routine_free_bytes, 2U);
  for (const std::string& wrong : {marks(2, 2, 1), marks(3, 1, 1), marks(1, 2, 3)}) {
    EXPECT_EQ(marks_of(wrong).error().code, ErrorCode::kConfigInvalid) << wrong;
  }
  EXPECT_EQ(marks_of("[disk]\nwarm_free_bytes = 3\n").error().code, ErrorCode::kConfigUnknownKey);
}

TEST(DiskWatchTest, MeasuresTheDiskOfTheStore) {
  const os::TemporaryFolder folder;
  DiskWatch watch(folder / "hub.db");
  const std::uint64_t free_bytes = watch.free_bytes();
  EXPECT_GT(free_bytes, 0U);
  EXPECT_LT(free_bytes, std::numeric_limits<std::uint64_t>::max());
}

TEST(DiskWatchTest, TellsOfALevelOnceAndOfTheNextOne) {
  std::vector<std::string> lines;
  log::init_sink([&](std::string_view line) { lines.emplace_back(line); }, log::Level::kInfo);
  DiskWatch watch("/store/hub.db");
  DiskGauge gauge({.warn_free_bytes = 30, .routine_free_bytes = 20, .urgent_free_bytes = 10});
  const auto at = [&](std::uint64_t free_bytes) {
    gauge.measured(free_bytes, {});
    watch.tell(gauge);
    return lines.size();
  };
  EXPECT_EQ(at(100), 0U);
  EXPECT_EQ(at(25), 1U);
  EXPECT_EQ(at(24), 1U);
  EXPECT_EQ(at(5), 2U);
  EXPECT_EQ(at(100), 3U);
  log::init_sink([](std::string_view) {}, log::Level::kError);
  EXPECT_NE(lines[0].find("WARN disk allows=warning free_bytes=25 folder=/store"),
            std::string::npos);
  EXPECT_NE(lines[1].find("ERROR disk allows=full"), std::string::npos);
  EXPECT_NE(lines[2].find("INFO disk allows=ample"), std::string::npos);
}

}  // namespace
}  // namespace chancery::daemon
