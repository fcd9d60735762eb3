#include "io/os/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::os {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

std::size_t file_count(const TemporaryFolder& folder) {
  const std::filesystem::directory_iterator files(folder.path());
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

// As systemd makes them: of root, with the mask of an ACL in the place of the group's rights.
TEST(FileTest, ASecretMayBeACredentialOrInTheEnvironment) {
  const TemporaryFolder folder;
  EXPECT_TRUE(is_elsewhere("credential:key"));
  EXPECT_TRUE(is_elsewhere("env:KEY"));
  EXPECT_FALSE(is_elsewhere("keys/env:KEY"));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(code_of(read_secret("credential:key")), ErrorCode::kFileMissing);
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  EXPECT_EQ(code_of(read_secret("credential:key")), ErrorCode::kFileMissing);
  ASSERT_TRUE(write_file_new(folder / "key", "secret", 0440));
  EXPECT_EQ(read_secret("credential:key").value(), "secret");
  EXPECT_EQ(code_of(read_secret("credential:../key")), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code_of(read_secret("credential:")), ErrorCode::kConfigInvalid);
  EXPECT_EQ(code_of(read_secret(folder / "key")), ErrorCode::kFilePermissions) << "of a path";
  for (const mode_t mode : {0444U, 0460U, 0401U}) {
    ASSERT_EQ(::chmod((folder / "key").c_str(), mode), 0);
    EXPECT_EQ(code_of(read_secret("credential:key")), ErrorCode::kFilePermissions) << mode;
  }
  for (const char* const nothing : {"credential:", "credential:../key", "credential:..",
                                    "credential:.", "credential:a/b", "env:", "env:A=B"}) {
    EXPECT_EQ(code_of(check_secret_source(nothing)), ErrorCode::kConfigInvalid) << nothing;
    EXPECT_EQ(code_of(read_secret(nothing)), ErrorCode::kConfigInvalid) << nothing;
  }
  for (const char* const some : {"credential:a.b", "credential:...", "env:A", "a/b", ""}) {
    EXPECT_TRUE(check_secret_source(some).has_value()) << some;
  }
  ::unsetenv("CHANCERY_TEST_SECRET");
  EXPECT_EQ(code_of(read_secret("env:CHANCERY_TEST_SECRET")), ErrorCode::kFileMissing);
  ::setenv("CHANCERY_TEST_SECRET", "PEM", 1);
  EXPECT_EQ(read_secret("env:CHANCERY_TEST_SECRET").value(), "PEM");
}

TEST(FileTest, ReadsWhatWasWrittenAndNotOneByteMoreThanAllowed) {
  const TemporaryFolder folder;
  const std::string bytes(100'000, 'x');
  ASSERT_TRUE(write_file_new(folder / "f", bytes, 0600));
  EXPECT_EQ(read_file(folder / "f", bytes.size()).value(), bytes);
  EXPECT_EQ(code_of(read_file(folder / "f", bytes.size() - 1)), ErrorCode::kLimitExceeded);
}

TEST(FileTest, LimitsAlsoFilesThatClaimToBeEmpty) {
  EXPECT_FALSE(read_file("/proc/self/status", 100'000).value().empty());
  EXPECT_EQ(code_of(read_file("/proc/self/status", 10)), ErrorCode::kLimitExceeded);
}

TEST(FileTest, NamesAMissingFile) {
  const TemporaryFolder folder;
  const auto result = read_file(folder / "absent", 10);
  EXPECT_EQ(code_of(result), ErrorCode::kFileMissing);
  EXPECT_NE(result.error().detail.find(folder / "absent"), std::string::npos);
}

TEST(FileTest, DoesNotWaitForTheWriterOfAPipe) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(code_of(read_file(folder / "pipe", 10)), ErrorCode::kIo);
  EXPECT_EQ(code_of(read_file(folder.path(), 10)), ErrorCode::kIo);
}

TEST(FileTest, NeverOverwritesWithWriteFileNew) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "f", "first", 0600));
  EXPECT_EQ(code_of(write_file_new(folder / "f", "second", 0600)), ErrorCode::kExists);
  EXPECT_EQ(read_file(folder / "f", 10).value(), "first");
  // Nor through a symbolic link to nothing, which would create the file it points to.
  ASSERT_EQ(::symlink((folder / "target").c_str(), (folder / "link").c_str()), 0);
  EXPECT_EQ(code_of(write_file_new(folder / "link", "x", 0600)), ErrorCode::kExists);
  EXPECT_FALSE(std::filesystem::exists(folder / "target"));
}

TEST(FileTest, AFinishedFileGetsItsNameWhereNothingIs) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "partial", "content", 0600));
  ASSERT_TRUE(write_file_new(folder / "taken", "other", 0600));
  EXPECT_EQ(code_of(give_name(folder / "partial", folder / "taken")), ErrorCode::kExists);
  EXPECT_EQ(read_file(folder / "taken", 10).value(), "other");
  ASSERT_TRUE(give_name(folder / "partial", folder / "whole"));
  EXPECT_EQ(read_file(folder / "whole", 10).value(), "content");
  EXPECT_EQ(file_count(folder), 2U);
  EXPECT_EQ(code_of(give_name(folder / "partial", folder / "again")), ErrorCode::kFileMissing);
}

TEST(FileTest, AReaderGivesAFilePieceByPiece) {
  const TemporaryFolder folder;
  const std::string bytes = std::string(1000, 'a') + std::string(500, 'b');
  ASSERT_TRUE(write_file_new(folder / "f", bytes, 0600));
  FileReader reader = FileReader::open(folder / "f").value();
  EXPECT_EQ(reader.next(1000).value(), std::string(1000, 'a'));
  EXPECT_EQ(reader.next(1000).value(), std::string(500, 'b'));
  EXPECT_EQ(reader.next(1000).value(), "");
  EXPECT_EQ(code_of(FileReader::open(folder / "absent")), ErrorCode::kFileMissing);
}

TEST(FileTest, GivesTheExactModeWhateverTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0077);
  EXPECT_TRUE(write_file_new(folder / "f", "x", 0644));
  ::umask(0);
  EXPECT_TRUE(write_file_new(folder / "g", "x", 0600));
  EXPECT_TRUE(replace_file(folder / "f", "y", 0640));
  ::umask(before);
  EXPECT_EQ(mode_of(folder / "f"), 0640U);
  EXPECT_EQ(mode_of(folder / "g"), 0600U);
}

TEST(FileTest, ReplacesAndLeavesNothingElseBehind) {
  const TemporaryFolder folder;
  ASSERT_TRUE(replace_file(folder / "f", "first", 0600));
  ASSERT_TRUE(replace_file(folder / "f", "second", 0600));
  EXPECT_EQ(read_file(folder / "f", 10).value(), "second");
  EXPECT_EQ(file_count(folder), 1U);
  // A folder cannot be replaced by a file: the attempt leaves no temporary file.
  ASSERT_TRUE(make_private_folder(folder / "sub"));
  EXPECT_FALSE(replace_file(folder / "sub", "x", 0600));
  EXPECT_EQ(file_count(folder), 2U);
}

TEST(FileTest, ReplacingKeepsReadersOfTheOldFileOnTheOldContent) {
  const TemporaryFolder folder;
  ASSERT_TRUE(replace_file(folder / "f", "first", 0600));
  ASSERT_EQ(::link((folder / "f").c_str(), (folder / "old").c_str()), 0);
  ASSERT_TRUE(replace_file(folder / "f", "second", 0600));
  EXPECT_EQ(read_file(folder / "old", 10).value(), "first");
}

TEST(FileTest, RewritingKeepsModeOwnerAndLink) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "f", "first", 0640));
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::chown((folder / "f").c_str(), 12, 34), 0);
  }
  ASSERT_EQ(::symlink("f", (folder / "link").c_str()), 0);
  const mode_t before = ::umask(0077);
  EXPECT_TRUE(rewrite_file(folder / "link", "second"));
  ::umask(before);
  EXPECT_EQ(read_file(folder / "f", 10).value(), "second");
  EXPECT_EQ(mode_of(folder / "f"), 0640U);
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  struct stat status{};
  ASSERT_EQ(::stat((folder / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, root ? 12U : ::geteuid());
  EXPECT_EQ(status.st_gid, root ? 34U : ::getegid());
  EXPECT_EQ(file_count(folder), 2U);
  EXPECT_EQ(rewrite_file(folder / "none", "x").error().code, ErrorCode::kFileMissing);
  EXPECT_EQ(file_count(folder), 2U);
}

TEST(FileTest, ReadsAKeyOnlyWithoutAnyRightForOthers) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "key", "secret", 0600));
  for (mode_t mode = 0; mode <= 0777; ++mode) {
    ASSERT_EQ(::chmod((folder / "key").c_str(), mode), 0);
    const auto key = read_key_file(folder / "key");
    if ((mode & 0077U) != 0) {
      ASSERT_FALSE(key) << std::oct << mode;
      if (::geteuid() == 0 || (mode & 0400U) != 0) {  // Otherwise it does not even open.
        EXPECT_EQ(key.error().code, ErrorCode::kFilePermissions) << std::oct << mode;
      }
    } else if ((mode & 0400U) != 0) {
      ASSERT_TRUE(key) << std::oct << mode;
      EXPECT_EQ(*key, "secret");
    }
  }
}

TEST(FileTest, ReadsAKeyOnlyFromAPrivateFolder) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_private_folder(folder / "keys"));
  ASSERT_TRUE(write_file_new(folder / "keys/key", "secret", 0600));
  for (const mode_t mode : {0701U, 0702U, 0704U, 0710U, 0720U, 0740U, 0755U, 0777U}) {
    ASSERT_EQ(::chmod((folder / "keys").c_str(), mode), 0);
    EXPECT_EQ(code_of(read_key_file(folder / "keys/key")), ErrorCode::kFilePermissions) << mode;
  }
  ASSERT_EQ(::chmod((folder / "keys").c_str(), 0700), 0);
  EXPECT_EQ(read_key_file(folder / "keys/key").value(), "secret");
}

TEST(FileTest, ReadsNoKeyThroughALinkOrFromAPipeOrOfAnotherUser) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "key", "secret", 0600));
  ASSERT_EQ(::symlink("key", (folder / "link").c_str()), 0);
  EXPECT_EQ(code_of(read_key_file(folder / "link")), ErrorCode::kFilePermissions);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(code_of(read_key_file(folder / "pipe")), ErrorCode::kFilePermissions);
  EXPECT_EQ(code_of(read_key_file(folder / "absent")), ErrorCode::kFileMissing);
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give a file away";
  }
  ASSERT_EQ(::chown((folder / "key").c_str(), 65534, 65534), 0);
  EXPECT_EQ(code_of(read_key_file(folder / "key")), ErrorCode::kFilePermissions);
  ASSERT_EQ(::chown((folder / "key").c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(folder.path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(code_of(read_key_file(folder / "key")), ErrorCode::kFilePermissions);
}

TEST(FileTest, LimitsTheSizeOfAKey) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "key", std::string(kKeyFileSizeMax, 'k'), 0600));
  ASSERT_TRUE(write_file_new(folder / "large", std::string(kKeyFileSizeMax + 1, 'k'), 0600));
  EXPECT_TRUE(read_key_file(folder / "key"));
  EXPECT_EQ(code_of(read_key_file(folder / "large")), ErrorCode::kLimitExceeded);
}

TEST(FileTest, MakesAPrivateFolderAndAcceptsOnlyOneLikeIt) {
  const TemporaryFolder folder;
  EXPECT_TRUE(make_private_folder(folder / "new"));
  EXPECT_EQ(mode_of(folder / "new"), 0700U);
  EXPECT_TRUE(make_private_folder(folder / "new"));
  ASSERT_EQ(::chmod((folder / "new").c_str(), 0750), 0);
  EXPECT_EQ(code_of(make_private_folder(folder / "new")), ErrorCode::kFilePermissions);
  EXPECT_EQ(mode_of(folder / "new"), 0750U);  // Left as it is: somebody wanted it so.
  ASSERT_TRUE(write_file_new(folder / "file", "", 0600));
  EXPECT_EQ(code_of(make_private_folder(folder / "file")), ErrorCode::kFilePermissions);
  EXPECT_EQ(code_of(make_private_folder(folder / "a/b")), ErrorCode::kFileMissing);
}

TEST(FileTest, LocksOnceAndNamesTheHolder) {
  const TemporaryFolder folder;
  {
    const auto lock = lock_file(folder / "lock");
    ASSERT_TRUE(lock);
    EXPECT_EQ(mode_of(folder / "lock"), 0600U);
    const auto second = lock_file(folder / "lock");
    EXPECT_EQ(code_of(second), ErrorCode::kStoreBusy);
    EXPECT_NE(second.error().detail.find("process " + std::to_string(::getpid())),
              std::string::npos);
  }
  EXPECT_TRUE(lock_file(folder / "lock"));
}

TEST(FileTest, LockGoesWithTheProcessThatHeldIt) {
  const TemporaryFolder folder;
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto lock = lock_file(folder / "lock");
    ::_exit(lock ? 0 : 1);  // Without destructors, as after a crash.
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(lock_file(folder / "lock"));
}

TEST(FileTest, SaysUnknownWhereTheLockFileHoldsSomethingElse) {
  const TemporaryFolder folder;
  const auto lock = lock_file(folder / "lock");
  ASSERT_TRUE(lock);
  std::filesystem::resize_file(folder / "lock", 0);
  const auto second = lock_file(folder / "lock");
  EXPECT_EQ(code_of(second), ErrorCode::kStoreBusy);
  EXPECT_NE(second.error().detail.find("(unknown)"), std::string::npos);
}

// A file size limit stands for a full disk: the write falls short in the same place.
TEST(FileTest, LeavesNoHalfFileWhereTheWriteFails) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_new(folder / "f", "old", 0600));
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string bytes(10'000, 'x');
    const auto fresh = write_file_new(folder / "new", bytes, 0600);
    const auto replaced = replace_file(folder / "f", bytes, 0600);
    ::_exit(!fresh && !replaced && fresh.error().code == ErrorCode::kIo ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(file_count(folder), 1U);
  EXPECT_EQ(read_file(folder / "f", 10).value(), "old");
}

}  // namespace
}  // namespace chancery::os
