#include "io/args/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "io/args/cli11.h"

namespace chancery::args {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(const std::vector<ManPage>& pages, const std::string& name) {
  const auto found = std::ranges::find(pages, name, &ManPage::name);
  return found == pages.end() ? "" : found->text;
}

std::vector<ManPage> pages_of(CLI::App& verb_of, const std::string& footer) {
  static bool chosen = false;
  CLI::App& verb = *verb_of.add_subcommand("send", "Send a 'thing'");
  verb.footer(footer);
  auto* const to = verb.add_option("--to", "Whom")->required()->type_name("CODE");
  verb.add_flag("--now", chosen, "At once")->excludes(to);
  static int count = 0;
  verb.add_option("--count", count, "How many")->type_name("N")->check(CLI::Range(1, 9));
  verb.add_option("file", "What")->type_name("FILE");
  return man_pages(verb_of, "1.2.3", {"other(8)"});
}

TEST(ManPageTest, SaysOfEachFlagWhatTheHelpSays) {
  CLI::App app("About.", "tool");
  const std::string text = text_of(pages_of(app, ""), "tool-send");
  EXPECT_THAT(text, HasSubstr(".TP\n\\fB\\-\\-to\\fR \\fICODE\\fR\nWhom.\nRequired.\n"));
  EXPECT_THAT(text, HasSubstr("\\fB\\-\\-now\\fR\nAt once.\nNot with \\fB\\-\\-to\\fR.\n"));
  EXPECT_THAT(text, HasSubstr("\\fIN\\fR\nHow many.\nIn [1 \\- 9].\n"));
  EXPECT_THAT(text, HasSubstr("[\\fIOPTIONS\\fR] \\fB\\-\\-to\\fR \\fICODE\\fR [\\fIFILE\\fR]\n"));
  EXPECT_THAT(text, HasSubstr("\\fBtool\\fR(1),\n\\fBother\\fR(8)\n"));
}

TEST(ManPageTest, TakesAFooterApart) {
  CLI::App app("About.", "tool");
  const std::string text = text_of(
      pages_of(app,
               "Examples:\n  tool send \\\n      'x'\n\nIt goes.\n.Dot\nExit 0: gone. 1:\nnot."),
      "tool-send");
  EXPECT_THAT(text, HasSubstr(".SH EXAMPLES\n.nf\ntool send \\e\n    \\(aqx\\(aq\n.fi\n"));
  EXPECT_THAT(text, HasSubstr(".PP\nIt goes.\n\\&.Dot\n.SH OPTIONS\n"));
  EXPECT_THAT(text, HasSubstr(".SH EXIT STATUS\nExit 0: gone. 1:\nnot.\n"));
}

TEST(ManPageTest, ShowsTheVerbsOfAGroupInItsPageAndNoneForHelp) {
  CLI::App app("About.", "tool");
  bool chosen = false;
  CLI::App& group = *app.add_subcommand("group", "Things");
  group.add_subcommand("add", "Add one")->add_flag("--flag", chosen, "A flag");
  app.add_subcommand("help", "Help");
  const std::vector<ManPage> pages = man_pages(app, "1", {});
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_THAT(text_of(pages, "tool-group"), HasSubstr(".SS tool group add\nAdd one.\n"));
  EXPECT_THAT(text_of(pages, "tool-group"), HasSubstr("\\fB\\-\\-flag\\fR\nA flag.\n"));
  EXPECT_THAT(text_of(pages, "tool"), HasSubstr("\\fBhelp\\fR\nHelp.\n"));
  EXPECT_THAT(text_of(pages, "tool"), Not(HasSubstr("help(1)")));
}

TEST(ManPageTest, OfAVerbThatNoHelpShowsThereIsNothing) {
  CLI::App app("About.", "tool");
  CLI::App& group = *app.add_subcommand("group", "Things");
  group.add_subcommand("add", "Add one");
  group.add_subcommand("inner", "For this program alone")->group("");
  EXPECT_THAT(text_of(man_pages(app, "1", {}), "tool-group"), Not(HasSubstr("inner")));
}

TEST(ManPageTest, OfADaemonHasItsFlags) {
  const ManPage page = daemon_man_page(
      {.name = "tool-node", .brief = "a node", .about = "Is a node.", .version = "1"}, {"tool(1)"});
  EXPECT_EQ(page.section, 8);
  EXPECT_THAT(page.text, HasSubstr("tool\\-node \\- a node\n"));
  EXPECT_THAT(page.text, HasSubstr("Is a node.\n"));
  EXPECT_THAT(page.text, HasSubstr("\\fB\\-\\-log\\-level\\fR \\fILEVEL"));
  EXPECT_THAT(page.text, HasSubstr("Default: info.\n"));
}

}  // namespace
}  // namespace chancery::args
