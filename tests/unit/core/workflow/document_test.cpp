#include "core/workflow/document.h"

#include <gtest/gtest.h>

#include "chancery/v1/text.pb.h"
#include "tests/support/outcome.h"
#include "tests/unit/core/workflow/thread_entries.h"

namespace chancery::workflow {
namespace {

using chancery::test::outcome;

// A draft of AM, for BY, KG and KZ.
class DocumentTest : public testing::Test {
 protected:
  DocumentTest() { thread_.add("AM", v1::DocumentDraft()); }

  DocumentEntry& comment(const std::string& origin, std::uint32_t version) {
    v1::DocumentComment content;
    content.set_version(version);
    return thread_.add(origin, content, n(0));
  }
  DocumentEntry& write(std::uint32_t version, const std::string& origin = "AM") {
    v1::DocumentVersion content;
    content.set_version(version);
    return thread_.add(origin, content, n(0));
  }
  DocumentEntry& adopt(const std::string& origin, std::uint32_t version) {
    v1::DocumentAdopt content;
    content.set_version(version);
    return thread_.add(origin, content, n(0));
  }

  [[nodiscard]] Hash n(std::size_t at) const { return thread_.all.at(at).n; }
  [[nodiscard]] std::size_t newest() const { return thread_.all.size() - 1; }
  [[nodiscard]] DocumentOutcome now() const {
    return fold_document(thread_.all, [this](std::string_view member, std::uint64_t) {
      return member != expelled_;
    });
  }
  [[nodiscard]] std::optional<Ignored> ignored() const { return now().ignored.back(); }
  [[nodiscard]] std::vector<std::uint32_t> versions() const {
    std::vector<std::uint32_t> all;
    for (const Edition& edition : now().editions) {
      all.push_back(edition.version);
    }
    return all;
  }
  [[nodiscard]] Position position(std::size_t edition, const std::string& member) const {
    const DocumentOutcome outcome = now();
    const auto& positions = outcome.editions.at(edition).positions;
    const auto found = positions.find(member);
    return found == positions.end() ? Position{} : found->second;
  }

  test::ThreadEntries<DocumentEntry> thread_;
  std::string expelled_;
};

// C-251
TEST_F(DocumentTest, VersionsOfTheAuthorRise) {
  EXPECT_EQ(versions(), std::vector<std::uint32_t>{1}) << "the draft";
  write(1);
  EXPECT_EQ(ignored(), Ignored::kVersionNotHigher);
  write(4);
  write(4);
  EXPECT_EQ(ignored(), Ignored::kVersionNotHigher);
  write(5, "BY");
  EXPECT_EQ(ignored(), Ignored::kNotAParty);
  write(5).supersedes = {n(0), n(2)};
  EXPECT_EQ(versions(), (std::vector<std::uint32_t>{1, 4, 5}))
      << "those before stay, whatever a version says that it supersedes";
  EXPECT_EQ(now().state, DocumentState::kOpen);
  EXPECT_FALSE(now().editions[1].is_cancelled);
}

// C-251, C-252, C-253
TEST_F(DocumentTest, AVersionThatIsCancelledTakesNothingMoreAndItsNumberIsGone) {
  write(2);
  comment("BY", 2);
  write(9).cancels = {n(1)};
  EXPECT_TRUE(now().editions[1].is_cancelled);
  EXPECT_EQ(versions(), (std::vector<std::uint32_t>{1, 2})) << "a cancellation is no version";
  EXPECT_EQ(position(1, "BY").comments, 1U) << "who stood where stays";
  comment("BY", 2);
  EXPECT_EQ(ignored(), Ignored::kNoVersion);
  adopt("BY", 2);
  EXPECT_EQ(ignored(), Ignored::kNoVersion);
  write(2);
  EXPECT_EQ(ignored(), Ignored::kVersionNotHigher);
}

// C-252
TEST_F(DocumentTest, CommentsAreOfAMemberOnAVersion) {
  comment("BY", 1);
  comment("BY", 1);
  write(2);
  comment("KZ", 2);
  comment("KZ", 3);
  EXPECT_EQ(ignored(), Ignored::kNoVersion);
  comment("KZ", 0);
  EXPECT_EQ(ignored(), Ignored::kNoVersion);
  EXPECT_EQ(position(0, "BY").comments, 2U);
  EXPECT_EQ(position(1, "KZ").comments, 1U);
  EXPECT_EQ(position(1, "BY"), Position{});
  comment("BY", 2).supersedes = {n(1)};
  EXPECT_EQ(position(0, "BY").comments, 1U);
  EXPECT_EQ(position(1, "BY").comments, 1U);
  EXPECT_EQ(now().ignored[1], Ignored::kTakenBack);
  comment("BY", 1).cancels = {n(2)};
  EXPECT_FALSE(now().editions[0].positions.contains("BY"));
  comment("KG", 1).supersedes = {n(4)};
  EXPECT_EQ(ignored(), Ignored::kNotItsOwn);
}

// C-253
TEST_F(DocumentTest, AMemberAdoptsAVersionOnce) {
  adopt("BY", 1);
  EXPECT_EQ(position(0, "BY").adoption, 1U);
  adopt("BY", 1);
  EXPECT_EQ(ignored(), Ignored::kAnsweredBefore);
  write(2);
  adopt("BY", 2);
  EXPECT_EQ(position(0, "BY").adoption, 1U) << "each on its own version";
  EXPECT_EQ(position(1, "BY").adoption, 4U);
  adopt("BY", 2).supersedes = {n(4), n(1)};
  EXPECT_EQ(position(1, "BY").adoption, 5U);
  EXPECT_EQ(position(0, "BY"), Position{});
  comment("BY", 2).supersedes = {n(5)};
  EXPECT_EQ(position(1, "BY"), (Position{.comments = 1, .adoption = std::nullopt}))
      << "an adoption that became a comment";
  adopt("BY", 3);
  EXPECT_EQ(ignored(), Ignored::kNoVersion);
}

// C-254
TEST_F(DocumentTest, ItIsAdoptedOnceAllPartiesHaveAdoptedTheSameVersion) {
  write(2);
  for (const char* const member : {"BY", "KG", "KZ"}) {
    adopt(member, 2);
  }
  adopt("AM", 1);
  EXPECT_EQ(now().state, DocumentState::kOpen) << "AM adopted another";
  adopt("AM", 2);
  EXPECT_EQ(now().state, DocumentState::kAdopted);
  EXPECT_EQ(now().adopted, 2U);
  adopt("BY", 2).cancels = {n(2)};
  EXPECT_EQ(ignored(), Ignored::kEnded);
  EXPECT_EQ(now().state, DocumentState::kAdopted) << "nobody goes back on it";
  write(3);
  EXPECT_EQ(ignored(), Ignored::kEnded);
}

// C-254
TEST_F(DocumentTest, WhoIsNoMemberAnyMoreIsNotWaitedFor) {
  for (const char* const member : {"AM", "BY", "KG"}) {
    adopt(member, 1);
  }
  EXPECT_EQ(now().state, DocumentState::kOpen);
  expelled_ = "KZ";
  EXPECT_EQ(now().state, DocumentState::kAdopted);
}

// C-255
TEST_F(DocumentTest, ItsAuthorAloneEndsIt) {
  thread_.add("BY", v1::DocumentDraft(), n(0)).supersedes = {n(0)};
  EXPECT_EQ(ignored(), Ignored::kNotItsOwn);
  comment("BY", 1).cancels = {n(0)};
  EXPECT_EQ(ignored(), Ignored::kNotItsOwn);
  thread_.add("AM", v1::DocumentDraft(), n(0));
  EXPECT_EQ(ignored(), Ignored::kOfAnother) << "another document beside it";
  const std::size_t before = thread_.all.size();
  thread_.add("AM", v1::DocumentDraft()).supersedes = {n(0)};
  EXPECT_EQ(now().state, DocumentState::kSuperseded);
  thread_.all.resize(before);
  thread_.add("AM", v1::DocumentDraft()).cancels = {n(0)};
  EXPECT_EQ(now().state, DocumentState::kCancelled);
  comment("BY", 1);
  EXPECT_EQ(ignored(), Ignored::kEnded);
}

// C-250
TEST_F(DocumentTest, ADraftAsksSomebody) {
  EXPECT_EQ(now().parties, (std::vector<std::string>{"AM", "BY", "KG", "KZ"}));
  EXPECT_EQ(outcome(check_draft(thread_.all.front())), "good");
  EXPECT_EQ(outcome(check_draft(comment("BY", 1))), "invalid-kind");
  DocumentEntry nobody = thread_.all.front();
  nobody.asked.clear();
  EXPECT_EQ(outcome(check_draft(nobody)), "invalid-kind");
  DocumentEntry cancels = thread_.all.front();
  cancels.cancels = {n(0)};
  EXPECT_EQ(outcome(check_draft(cancels)), "invalid-kind");
}

// C-242: whatever is signed.
TEST_F(DocumentTest, WhatDoesNotCountChangesNothing) {
  std::mt19937 random(17);
  std::size_t adopted_count = 0;
  for (int round = 0; round < 400; ++round) {
    thread_.all.resize(1);
    const std::size_t size = 4 + random() % 20;
    for (std::size_t i = 1; i < size; ++i) {
      const std::string origin = std::vector{"AM", "BY", "KG", "KZ"}[random() % 4];
      const auto version = static_cast<std::uint32_t>(random() % 4);
      switch (random() % 10) {
        case 0:
          thread_.add(origin, v1::DocumentDraft());
          break;
        case 1:
          write(version, "AM");
          break;
        case 2:
        case 3:
          comment(origin, version);
          break;
        default:
          adopt(origin, 1 + version % 2);
      }
      test::refer_at_random(thread_.all, random);
    }
    test::expect_that_what_is_ignored_changes_nothing(
        thread_.all, [&](const std::vector<DocumentEntry>& entries) {
          const DocumentOutcome outcome =
              fold_document(entries, [](std::string_view, std::uint64_t) { return true; });
          adopted_count += outcome.adopted > 0 ? 1U : 0U;
          std::string told = std::to_string(static_cast<int>(outcome.state)) + " " +
                             std::to_string(outcome.adopted);
          for (const Edition& edition : outcome.editions) {
            told += " v" + std::to_string(edition.version) + (edition.is_cancelled ? "-" : "");
            for (const auto& [member, position] : edition.positions) {
              told += " " + member + std::to_string(position.comments) +
                      (position.adoption.has_value() ? "+" : "");
            }
          }
          return test::Told{.ignored = outcome.ignored, .outcome = told};
        });
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_GT(adopted_count, 0U) << "some of it counts";
}

TEST_F(DocumentTest, AnEntryIsReadFromItsNotice) {
  v1::DocumentAdopt content;
  content.set_version(3);
  v1::Text text;
  text.set_content(content.SerializeAsString());
  v1::Draft draft;
  draft.set_kind("document.adopt");
  const auto read = [&] { return document_entry(draft, {}, 7, text.SerializeAsString()); };
  ASSERT_EQ(outcome(read()), "good");
  const DocumentEntry entry = read()->value_or(DocumentEntry{});
  EXPECT_EQ(std::get<v1::DocumentAdopt>(entry.content).version(), 3U);
  for (const char* const kind : {"document.other", "threat.alert"}) {
    draft.set_kind(kind);
    EXPECT_FALSE(read()->has_value()) << kind;
  }
  draft.set_kind("document.draft");
  text.set_content("\xff");
  EXPECT_NE(outcome(read()), "good");
}

}  // namespace
}  // namespace chancery::workflow
