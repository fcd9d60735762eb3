#include "cli/audit_export.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/audit_check.h"
#include "cli/audit_compare.h"
#include "core/ledger/tiles.h"
#include "io/os/bulk_files.h"
#include "tests/support/exchange.h"
#include "tests/support/generated_log.h"
#include "tests/support/outcome.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

namespace fs = std::filesystem;
using test::GeneratedLog;
using test::must;
using test::outcome;

using Files = std::map<std::string, std::string>;
using Names = std::set<std::string>;

void flip(std::string& bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
}

class AuditExportTest : public ::testing::Test {
 protected:
  [[nodiscard]] AuditSource source_of(const GeneratedLog& log) const {
    const auto pages = [&log](bool leaves_only) {
      return [&log, leaves_only](std::uint64_t from,
                                 v1::AuditPageReply&&) -> Result<v1::AuditPageReply> {
        return log.page(from, leaves_only);
      };
    };
    return {.from = "generated",
            .genesis = exchange_.genesis(),
            .pages = pages(false),
            .leaves = pages(true),
            .check = nullptr};
  }
  Result<ExportReport> write(const GeneratedLog& log) {
    return export_log(source_of(log), folder_, false);
  }
  void keep(const GeneratedLog& log) { static_cast<void>(must(write(log))); }
  [[nodiscard]] Result<ExportVerdict> verdict(const Pins& pins = {}) const {
    return check_export(folder_, pins, false);
  }
  // The files that a verification names; or what it fails with.
  [[nodiscard]] Names named(const Pins& pins = {}) const {
    const Result<ExportVerdict> checked = verdict(pins);
    if (!checked.has_value()) {
      return {outcome(checked)};
    }
    Names names;
    for (const ledger::FileFinding& finding : checked->findings) {
      names.insert(finding.file);
    }
    return names;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string read(const std::string& name) const {
    return must(os::read_file(path(name), 1U << 24U));
  }
  void put(const std::string& name, const std::string& bytes) const {
    must(os::make_folders(path(name).substr(0, path(name).rfind('/'))));
    must(os::put_file(path(name), bytes));
  }
  [[nodiscard]] Files files() const {
    Files all;
    must(os::for_each_file(folder_, [&](const os::FoundFile& file) -> Result<void> {
      all[file.name] = read(file.name);
      return {};
    }));
    return all;
  }
  // As names() of the tiles that a tree of this size has, and the files beside them.
  static Names names_of(std::uint64_t size) {
    Names names{"checkpoint", "log.vkey", "policy.txt", "directory"};
    for (const ledger::Tile& tile : ledger::TreeTiles::hashes(size)) {
      names.insert(tile_name(tile));
    }
    for (const ledger::Tile& tile : ledger::TreeTiles::entries(size)) {
      names.insert(tile_name(tile));
    }
    return names;
  }
  [[nodiscard]] Names names() const {
    Names names;
    for (const auto& [name, bytes] : files()) {
      names.insert(name);
    }
    return names;
  }

  test::TestExchange exchange_;
  os::TemporaryFolder place_;
  std::string folder_ = place_ / "export";
};

TEST_F(AuditExportTest, AnExportHasTheFilesOfItsTreeAndVerifies) {
  for (const std::uint64_t size : {7U, 8U, 255U, 256U, 257U, 512U, 66'000U}) {
    fs::remove_all(folder_);
    const GeneratedLog log(exchange_, {.size = size});
    const ExportReport report = must(write(log));
    EXPECT_EQ(report.size, size);
    EXPECT_EQ(report.added, size);
    EXPECT_EQ(report.root, log.root_at(size));
    EXPECT_TRUE(report.at_quorum);
    EXPECT_EQ(names(), names_of(size));
    const Pins pins{.genesis = exchange_.genesis(),
                    .log_key = exchange_.directory().log_keys().back()};
    EXPECT_EQ(named(pins), Names{}) << size;
    EXPECT_EQ(must(verdict()).root, log.root_at(size));
    EXPECT_TRUE(must(verdict()).at_quorum);
  }
}

TEST_F(AuditExportTest, ASecondExportAddsWhatIsNewAndComesToTheSame) {
  const GeneratedLog log(exchange_, {.size = 70'000, .heads = {300, 512, 65'536}});
  std::uint64_t before = 0;
  for (const std::uint64_t size : {300U, 512U, 65'536U, 70'000U, 70'000U}) {
    const GeneratedLog part(exchange_, {.size = size, .heads = {300, 512, 65'536}});
    std::uint64_t asked_from = size;
    AuditSource source = source_of(part);
    source.leaves = [&](std::uint64_t from, v1::AuditPageReply&&) -> Result<v1::AuditPageReply> {
      asked_from = std::min(asked_from, from);
      return part.page(from, true);
    };
    const ExportReport report = must(export_log(source, folder_, false));
    EXPECT_EQ(report.added, size - before);
    EXPECT_GE(asked_from + 4096, before);  // But for what shows that it extends what is there.
    EXPECT_EQ(named(), Names{}) << size;
    EXPECT_EQ(names(), names_of(size)) << size;
    before = size;
  }
  const Files grown = files();
  fs::remove_all(folder_);
  keep(log);
  EXPECT_EQ(files(), grown);
}

TEST_F(AuditExportTest, WithoutAQuorumTheNewestThatTheLogSignedIsExported) {
  const GeneratedLog none(exchange_, {.size = 600, .cosigners = 0});
  EXPECT_FALSE(must(write(none)).at_quorum);
  EXPECT_EQ(must(verdict()).size, 600U);
  EXPECT_FALSE(must(verdict()).at_quorum);
  // The quorum goes no further than what is here; then further.
  EXPECT_EQ(
      must(write(GeneratedLog(exchange_, {.size = 700, .heads = {500, 600}, .cosigned_size = 500})))
          .size,
      700U);
  const GeneratedLog later(exchange_, {.size = 800, .heads = {600, 700}});
  EXPECT_TRUE(must(write(later)).at_quorum);
  // One at quorum stays where no newer one is.
  const Files good = files();
  const ExportReport report = must(
      write(GeneratedLog(exchange_, {.size = 900, .heads = {700, 800}, .cosigned_size = 700})));
  EXPECT_TRUE(report.at_quorum);
  EXPECT_EQ(report.size, 800U);
  EXPECT_EQ(report.log_size, 900U);
  EXPECT_EQ(files(), good);
}

TEST_F(AuditExportTest, WhatASourceSaysOfAQuorumIsLookedAt) {
  EXPECT_EQ(outcome(write(GeneratedLog(exchange_, {.size = 600, .cosigners = 3}))),
            "store-damaged");
  EXPECT_EQ(names(), Names{});
}

TEST_F(AuditExportTest, AnotherLogIsRefusedAndChangesNothing) {
  keep(GeneratedLog(exchange_, {.size = 600}));
  const Files good = files();
  // Of the same size, larger, shorter, and parting where the folder has a partial tile.
  for (const std::uint64_t size : {400U, 599U, 600U, 601U, 5'000U}) {
    for (const std::uint64_t fork : {8U, 300U, 399U}) {
      EXPECT_EQ(
          outcome(write(GeneratedLog(exchange_, {.size = size, .heads = {600}, .fork_at = fork}))),
          "foreign-log")
          << size << " " << fork;
    }
  }
  EXPECT_EQ(outcome(write(GeneratedLog(exchange_, {.size = 599}))), "unavailable");
  // No head of it is of the size of the folder's.
  EXPECT_EQ(outcome(write(GeneratedLog(exchange_, {.size = 700}))), "foreign-log");
  const test::TestExchange other({.name = "other"});
  const GeneratedLog elsewhere(other, {.size = 700});
  AuditSource source = source_of(elsewhere);
  source.genesis = other.genesis();
  EXPECT_EQ(outcome(export_log(source, folder_, false)), "wrong-genesis");
  EXPECT_EQ(files(), good);
}

// A source may lie after the head that the folder has: nothing of it stays.
TEST_F(AuditExportTest, LeavesThatDoNotMakeTheRootAreTakenBack) {
  keep(GeneratedLog(exchange_, {.size = 600}));
  const Files good = files();
  const GeneratedLog log(exchange_, {.size = 5'000, .heads = {600}});
  AuditSource source = source_of(log);
  const auto altered = [&](std::size_t at) {
    return [&log, at](std::uint64_t from, v1::AuditPageReply&&) -> Result<v1::AuditPageReply> {
      v1::AuditPageReply page = log.page(from, true);
      for (v1::AuditBatch& batch : *page.mutable_batches()) {
        if (batch.first_index() == 4096) {
          flip(*batch.mutable_leaves(), at);
        }
      }
      return page;
    };
  };
  source.leaves = altered(72);
  EXPECT_EQ(outcome(export_log(source, folder_, false)), "root-mismatch");
  EXPECT_EQ(files(), good);
  source.leaves = altered(10);
  EXPECT_EQ(outcome(export_log(source, folder_, false)), "directory-mismatch");
  EXPECT_EQ(files(), good);
  keep(log);
  EXPECT_EQ(named(), Names{});
  fs::remove_all(folder_);
  EXPECT_NE(outcome(export_log(source, folder_, false)), "good");
  EXPECT_EQ(names(), Names{});
}

TEST_F(AuditExportTest, ADirectoryEntryThatIsNotThereEndsIt) {
  const GeneratedLog log(exchange_, {.size = 600});
  AuditSource source = source_of(log);
  source.pages = [&](std::uint64_t from, v1::AuditPageReply&&) -> Result<v1::AuditPageReply> {
    return log.page(from, true);
  };
  EXPECT_EQ(outcome(export_log(source, folder_, false)), "store-damaged");
  EXPECT_EQ(names(), Names{});
}

// Whoever is killed at any of its writes leaves the export of before, or one that is gone on with.
TEST_F(AuditExportTest, OneThatWasCutOffIsGoneOnWith) {
  const GeneratedLog first(exchange_, {.size = 600});
  const GeneratedLog log(exchange_, {.size = 5'000, .heads = {600}});
  keep(first);
  const Files old = files();
  keep(log);
  const Files grown = files();
  // The order of writes: tiles, then the words, then the checkpoint, then what is surplus goes.
  const std::vector<std::function<void()>> steps = {
      [&] { put("unfinished", "x"); },
      [&] { put("tile/0/002", grown.at("tile/0/002")); },
      [&] { put("tile/entries/007", "half of"); },
      [&] {
        for (const auto& [name, bytes] : grown) {
          if (name.starts_with("tile/")) {
            put(name, bytes);
          }
        }
      },
      [&] { put("directory", grown.at("directory")); },
      [&] { put("checkpoint.new-0123", "half"); },
      [&] { put("checkpoint", grown.at("checkpoint")); }};
  for (std::size_t done = 0; done <= steps.size(); ++done) {
    fs::remove_all(folder_);
    for (const auto& [name, bytes] : old) {
      put(name, bytes);
    }
    for (std::size_t step = 0; step < done; ++step) {
      steps[step]();
    }
    EXPECT_EQ(named(), done == 0 ? Names{} : Names{"unavailable"});
    if (done % 2 == 0) {
      keep(first.size() == 600 && done < steps.size() ? first : log);
      EXPECT_EQ(named(), Names{}) << done;
    }
    keep(log);
    EXPECT_EQ(files(), grown) << done;
  }
}

TEST_F(AuditExportTest, AFolderThatIsNoExportIsLeftAlone) {
  must(os::make_folders(folder_));
  put("notes.txt", "mine");
  EXPECT_EQ(outcome(write(GeneratedLog(exchange_, {.size = 600}))), "exists");
  EXPECT_EQ(names(), Names{"notes.txt"});
  EXPECT_EQ(named(), Names{"file-missing"});
}

TEST_F(AuditExportTest, WhatIsDamagedIsNotGoneOnWith) {
  const GeneratedLog log(exchange_, {.size = 600});
  for (const std::string name :
       {"checkpoint", "directory", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88"}) {
    fs::remove_all(folder_);
    keep(log);
    std::string bytes = read(name);
    flip(bytes, bytes.size() / 2);
    put(name, bytes);
    EXPECT_EQ(outcome(write(GeneratedLog(exchange_, {.size = 700, .heads = {600}}))),
              "store-damaged")
        << name;
    EXPECT_EQ(read(name), bytes);
    EXPECT_EQ(named(), Names{name});
  }
}

TEST_F(AuditExportTest, EachAlteredByteOfEachFileIsFoundAndTheFileNamed) {
  keep(GeneratedLog(exchange_, {.size = 300}));
  for (const auto& [name, good] : files()) {
    // Another size in the checkpoint makes files surplus, or missing, besides.
    const auto is_named = [&](const std::string& file) {
      const Names names = named();
      return names == Names{file} || (file == "checkpoint" && names.contains(file));
    };
    const std::size_t step = good.size() > 3000 ? 211 : 7;
    for (std::size_t at = 0; at < good.size(); at += step) {
      std::string bytes = good;
      flip(bytes, at);
      put(name, bytes);
      EXPECT_TRUE(is_named(name)) << at;
    }
    for (const std::string& bytes :
         {good + "\n", good + '\0', good.substr(0, good.size() - 1), std::string()}) {
      put(name, bytes);
      EXPECT_EQ(named(), Names{name}) << bytes.size();
    }
    fs::remove(path(name));
    EXPECT_EQ(named(), Names{name});
    put(name, good);
  }
  EXPECT_EQ(named(), Names{});
}

TEST_F(AuditExportTest, WhatIsNoPartOfItIsNamed) {
  keep(GeneratedLog(exchange_, {.size = 300}));
  for (const std::string name : {"README", "tile/0/002", "tile/0/001.p/43", "tile/0/1",
                                 "tile/entries/000.p/3", "tile/x/y"}) {
    put(name, "x");
    EXPECT_EQ(named(), Names{name});
    fs::remove(path(name));
  }
  fs::rename(path("log.vkey"), path("log.vkey.mine"));
  fs::create_symlink(path("log.vkey.mine"), path("log.vkey"));
  EXPECT_EQ(named(), (Names{"log.vkey", "log.vkey.mine"}));
}

TEST_F(AuditExportTest, WhoKnowsTheExchangeOrTheKeyIsShownNoOther) {
  const test::TestExchange other({.name = "other"});
  const GeneratedLog log(other, {.size = 300});
  AuditSource source = source_of(log);
  source.genesis = other.genesis();
  static_cast<void>(must(export_log(source, folder_, false)));
  EXPECT_EQ(named(), Names{});  // Whole, and of another exchange.
  EXPECT_EQ(named({.genesis = exchange_.genesis(), .log_key = {}}), Names{"directory"});
  EXPECT_EQ(named({.genesis = {}, .log_key = exchange_.directory().log_keys().back()}),
            Names{"log.vkey"});
  EXPECT_EQ(named(must(read_pins("", path("log.vkey")))), Names{});
  EXPECT_EQ(outcome(read_pins("00", "")), "usage");
  EXPECT_EQ(outcome(read_pins("", "none")), "usage");
}

TEST_F(AuditExportTest, AnExportExtendsAnAuditedHeadOrDoesNot) {
  const GeneratedLog log(exchange_, {.size = 5'000, .heads = {300, 4096}});
  keep(log);
  const ExportVerdict good = must(verdict());
  const auto head = [&](std::uint64_t size, const Hash& root) {
    return AuditedHead{
        .path = "", .note = "", .checkpoint = {.origin = "", .size = size, .root = root}};
  };
  for (const std::uint64_t size : {1U, 300U, 4'096U, 5'000U}) {
    EXPECT_EQ(outcome(check_extends(folder_, good, head(size, log.root_at(size)))), "good") << size;
    EXPECT_EQ(outcome(check_extends(folder_, good, head(size, Hash{1}))), "foreign-log");
  }
  EXPECT_EQ(outcome(check_extends(folder_, good, head(5'001, Hash{1}))), "unavailable");
}

class AuditCompareTest : public AuditExportTest {
 protected:
  std::string keep_as(const std::string& name, const GeneratedLog& log) {
    const std::string folder = place_ / name;
    static_cast<void>(must(export_log(source_of(log), folder, false)));
    return folder;
  }
  // The exit code, and what was written to stdout as JSON.
  std::pair<int, std::string> compare(const CompareOptions& options) {
    Shared shared;
    shared.json = true;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = must(run_audit_compare(options, shared));
    static_cast<void>(testing::internal::GetCapturedStderr());
    return {code, testing::internal::GetCapturedStdout()};
  }
  int verify(const std::string& file, const Pins& pins) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = must(verify_contradiction_file(file, pins, Shared{}));
    static_cast<void>(testing::internal::GetCapturedStderr());
    static_cast<void>(testing::internal::GetCapturedStdout());
    return code;
  }
};

TEST_F(AuditCompareTest, OneExtendsTheOtherOrTheFirstEntryThatDiffersIsNamed) {
  const std::string one = keep_as("one", GeneratedLog(exchange_, {.size = 600}));
  for (const std::uint64_t size : {300U, 600U, 70'000U}) {
    const std::string name = std::to_string(size);
    const std::string more = keep_as("same" + name, GeneratedLog(exchange_, {.size = size}));
    EXPECT_EQ(compare({.one = one, .other = more}).first, 0) << size;
    EXPECT_EQ(compare({.one = more, .other = one}).first, 0) << size;
    const std::string fork =
        keep_as("fork" + name, GeneratedLog(exchange_, {.size = size, .fork_at = 299}));
    const std::string proof = place_ / ("proof" + name);
    const auto [code, text] = compare({.one = fork, .other = one, .proof = proof});
    EXPECT_EQ(code, 1) << size;
    EXPECT_TRUE(text.contains("\"first_difference\":299")) << text;
    EXPECT_EQ(verify(proof, {.genesis = exchange_.genesis(), .log_key = {}}), 0);
    EXPECT_EQ(verify(proof, {.genesis = {}, .log_key = exchange_.directory().log_keys().back()}),
              0);
    EXPECT_EQ(verify(proof, {.genesis = test::kGenesis, .log_key = {}}), 1);
    EXPECT_EQ(verify(one + "/checkpoint", {}), 1);
  }
}

TEST_F(AuditCompareTest, WhatCannotBeComparedIsNeitherGoodNorBad) {
  const std::string one = keep_as("one", GeneratedLog(exchange_, {.size = 600}));
  const std::string fork = keep_as("fork", GeneratedLog(exchange_, {.size = 900, .fork_at = 299}));
  EXPECT_EQ(compare({.one = one, .other = place_ / "none"}).first, 2);
  EXPECT_EQ(compare({.one = one, .other = fork, .genesis = std::string(64, '0')}).first, 2);
  std::string bytes = must(os::read_file(fork + "/tile/0/003.p/132", 1U << 20U));
  flip(bytes, 5);
  must(os::put_file(fork + "/tile/0/003.p/132", bytes));
  EXPECT_EQ(compare({.one = one, .other = fork}).first, 2);
  // A proof is never written over what is there.
  const std::string other = keep_as("other", GeneratedLog(exchange_, {.size = 600, .fork_at = 9}));
  EXPECT_EQ(compare({.one = one, .other = other, .proof = one + "/checkpoint"}).first, 2);
}

}  // namespace
}  // namespace chancery::cli
