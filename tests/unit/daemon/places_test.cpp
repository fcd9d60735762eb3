#include "daemon/places.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "io/os/file.h"
#include "io/zmq/endpoint.h"
#include "io/zmq/ipc_listener.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::daemon {
namespace {

std::string said(const Result<void>& checked) {
  return checked.has_value() ? "good" : std::string(error_info(checked.error().code).name);
}

// As a user who may not write everywhere: root may.
class WithoutRights {
 public:
  WithoutRights() {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) {
      std::abort();
    }
  }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;
  WithoutRights(WithoutRights&&) = delete;
  WithoutRights& operator=(WithoutRights&&) = delete;
  ~WithoutRights() {
    if (::seteuid(::getuid()) != 0) {
      std::abort();
    }
  }
};

class PlacesTest : public testing::Test {
 protected:
  [[nodiscard]] std::size_t file_count() const {
    const std::filesystem::recursive_directory_iterator files(folder_.path());
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
  void write(const std::string& path, std::string_view bytes, mode_t mode) {
    EXPECT_TRUE(os::replace_file(path, bytes, mode).has_value());
  }

  os::TemporaryFolder folder_;
};

TEST(ConfigFileTest, AConfigurationHasABoundThatItsErrorIsAbout) {
  const os::TemporaryFolder folder;
  const std::string path = folder / "node.toml";
  ASSERT_TRUE(os::write_file_new(path, std::string(kConfigBytesMax, '#'), 0600));
  EXPECT_EQ(read_config_file(path)->size(), kConfigBytesMax);
  ASSERT_TRUE(os::replace_file(path, std::string(kConfigBytesMax + 1, '#'), 0600));
  EXPECT_EQ(read_config_file(path).error().code, ErrorCode::kConfigInvalid);
  EXPECT_EQ(read_config_file(folder / "none").error().code, ErrorCode::kFileMissing);
}

TEST_F(PlacesTest, AFreePlaceIsGoodAndStaysFree) {
  EXPECT_EQ(said(check_store_place("store", folder_ / "hub.db")), "good");
  EXPECT_EQ(said(check_socket_place("admin", folder_ / "admin.sock")), "good");
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(PlacesTest, AMissingFolderIsNamedWithItsKey) {
  const std::string path = folder_ / "no/file";
  for (const Result<void>& checked :
       {check_store_place("store", path), check_socket_place("admin", path)}) {
    ASSERT_EQ(said(checked), "file-missing");
    EXPECT_NE(checked.error().detail.find(folder_ / "no"), std::string::npos);
  }
  EXPECT_TRUE(check_store_place("store", path).error().detail.starts_with("store: "));
}

TEST_F(PlacesTest, AFileIsNoFolder) {
  write(folder_ / "file", "x", 0600);
  EXPECT_EQ(said(check_store_place("store", folder_ / "file/hub.db")), "io");
  EXPECT_EQ(said(check_socket_place("admin", folder_ / "file/admin.sock")), "io");
}

TEST_F(PlacesTest, AFolderThatMayNotBeWrittenIsRefused) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  {
    const WithoutRights user;
    EXPECT_EQ(said(check_store_place("store", folder_ / "hub.db")), "io");
    EXPECT_EQ(said(check_socket_place("admin", folder_ / "admin.sock")), "io");
  }
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
}

TEST_F(PlacesTest, AFileThatCanBeNoStoreIsRefused) {
  const std::string path = folder_ / "hub.db";
  write(path, "", 0600);
  EXPECT_EQ(said(check_store_place("store", path)), "store-damaged");
  write(path, "x", 0640);
  EXPECT_EQ(said(check_store_place("store", path)), "file-permissions");
  write(path, "x", 0600);
  EXPECT_EQ(said(check_store_place("store", path)), "good");  // Content is for others to judge.
  EXPECT_EQ(said(check_store_place("store", folder_.path())), "store-damaged");
}

TEST_F(PlacesTest, AStoreThatMayNotBeWrittenIsRefused) {
  const std::string path = folder_ / "hub.db";
  write(path, "x", 0400);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  const WithoutRights user;
  EXPECT_EQ(said(check_store_place("store", path)), "io");
}

TEST_F(PlacesTest, FilesOfAnotherStoreBesideANewOneAreRefused) {
  write(folder_ / "hub.db-wal", "x", 0600);
  EXPECT_EQ(said(check_store_place("store", folder_ / "hub.db")), "exists");
  write(folder_ / "hub.db", "x", 0600);
  EXPECT_EQ(said(check_store_place("store", folder_ / "hub.db")), "good");
}

TEST_F(PlacesTest, ALinkThatLeadsNowhereIsNoFreePlace) {
  ASSERT_EQ(::symlink("nowhere", (folder_ / "hub.db").c_str()), 0);
  EXPECT_EQ(said(check_store_place("store", folder_ / "hub.db")), "exists");
  ASSERT_EQ(::symlink("nowhere", (folder_ / "node.db-wal").c_str()), 0);
  EXPECT_EQ(said(check_store_place("store", folder_ / "node.db")), "exists");
}

TEST_F(PlacesTest, ASocketPathHasTheKernelsLengthAndNotOneByteMore) {
  const std::string longest =
      folder_ / std::string(zmq::kIpcPathBytesMax - folder_.path().size() - 1, 'x');
  ASSERT_EQ(longest.size(), zmq::kIpcPathBytesMax);
  EXPECT_EQ(said(check_socket_place("admin", longest)), "good");
  EXPECT_EQ(said(check_socket_place("admin", longest + "x")), "config-invalid");
}

TEST_F(PlacesTest, ASocketThatIsThereIsGoodAndAnotherFileIsNot) {
  const Result<zmq::IpcListener> listener =
      zmq::IpcListener::listen(folder_ / "admin.sock", 0600, 1);
  ASSERT_TRUE(listener.has_value());
  EXPECT_EQ(said(check_socket_place("admin", folder_ / "admin.sock")), "good");
  write(folder_ / "file", "x", 0600);
  EXPECT_EQ(said(check_socket_place("admin", folder_ / "file")), "exists");
}

}  // namespace
}  // namespace chancery::daemon
