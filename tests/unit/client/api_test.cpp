// chancery.h as a program in C meets it: a node that answers, and every way to misuse the handles.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "chancery/chancery.h"
#include "chancery/client.h"
#include "core/base/encoding.h"
#include "io/text/json.h"
#include "tests/unit/client/support.h"

namespace chancery::client {
namespace {

using std::chrono::milliseconds;

// The error's name, "" for none; frees it.
std::string name_of(chancery_error* error) {
  std::string name = chancery_error_name(error);
  chancery_error_free(error);
  return name;
}

std::string detail_of(chancery_error* error) {
  std::string detail = chancery_error_detail(error);
  chancery_error_free(error);
  return detail;
}

text::Json taken(char* json) {
  const std::unique_ptr<char, decltype(&chancery_free)> owner(json, &chancery_free);
  return json == nullptr ? text::Json() : must(text::parse_json(json, 32));
}

std::optional<v1::LocalReply> answer(const v1::LocalRequest& request) {
  v1::LocalReply reply;
  if (request.has_publish()) {
    reply.mutable_publish()->set_notice(std::string(32, '\x4b'));
    reply.mutable_publish()->add_recipients("BY");
  } else if (request.has_await()) {
    reply.mutable_await()->set_stage(v1::STAGE_LOGGED);
    reply.mutable_await()->set_index(7);
  } else if (request.has_cursor()) {
    reply.mutable_cursor()->set_arrival(request.cursor().arrival());
    reply.mutable_cursor()->set_arrival_urgent(request.cursor().arrival_urgent());
  } else if (request.has_inbox()) {
    reply.mutable_inbox()->set_next_after(5);
    reply.mutable_inbox()->set_next_after_urgent(8);
  } else {
    reply.mutable_error()->set_code(90);
    reply.mutable_error()->set_text("no such notice");
  }
  return reply;
}

std::optional<v1::LocalReply> silence(const v1::LocalRequest&) {
  return std::nullopt;
}

constexpr std::size_t kEachCall = 19;  // What each_call() makes.
constexpr const char* kDraft = R"({"kind": "training", "to": "BY", "content": {"title": "t"}})";

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(chancery_options_new(&options_), nullptr);
    set("node", "ipc://" + folder_ / "s");
    set("node_key", hex(node_keys_.public_key));
    set("key", hex(app_keys_.secret.bytes()));
    set("connect_timeout_ms", "4000");
    set("request_timeout_ms", "4000");
  }
  void TearDown() override {
    chancery_close(client_);
    chancery_options_free(options_);
  }

  void set(const char* name, const std::string& value) {
    ASSERT_EQ(name_of(chancery_options_set(options_, name, value.c_str())), "");
  }
  void start_node(Answerer answerer) {
    node_ = std::make_unique<NodeEnd>("ipc://" + folder_ / "s", node_keys_, app_keys_.public_key,
                                      std::move(answerer));
  }
  void open() { ASSERT_EQ(name_of(chancery_open(options_, &client_)), ""); }

  // Each function that takes a client, with arguments that are right.
  static std::vector<std::string> each_call(chancery_client* client) {
    const chancery_position done{1, 2};
    chancery_statistics stats{};
    stats.struct_size = sizeof stats;
    const std::string id = new_notice_id();
    const auto named = [](auto call) {
      char* text = nullptr;
      std::string name = name_of(call(&text));
      chancery_free(text);
      return name;
    };
    return {
        named([&](char** out) { return chancery_publish(client, kDraft, out); }),
        named([&](char** out) {
          return chancery_wait(client, id.c_str(), "logged", 10, nullptr, out);
        }),
        named([&](char** out) {
          return chancery_publish_until(client, kDraft, "logged", 10, out, nullptr, nullptr);
        }),
        named([&](char** out) { return chancery_inbox(client, nullptr, nullptr, out); }),
        named([&](char** out) { return chancery_read(client, "c", nullptr, nullptr, out); }),
        name_of(chancery_commit(client, "c", &done, nullptr)),
        named([&](char** out) { return chancery_show(client, "1", out); }),
        named([&](char** out) { return chancery_outbox(client, nullptr, out); }),
        named([&](char** out) { return chancery_cancel(client, id.c_str(), out); }),
        named([&](char** out) { return chancery_retry(client, id.c_str(), out); }),
        named([&](char** out) { return chancery_cursors(client, out); }),
        name_of(chancery_reset(client, "c", &done, nullptr)),
        named([&](char** out) { return chancery_publish_batch(client, R"({"drafts": []})", out); }),
        name_of(chancery_ack(client, "c", "{}", nullptr)),
        named([&](char** out) {
          return chancery_nack(client, "c", R"({"notices": [{"arrival": 1}]})", out);
        }),
        named([&](char** out) { return chancery_deferred(client, "c", nullptr, out); }),
        name_of(chancery_redrive(client, "c", R"({"all": true})", nullptr)),
        name_of(chancery_stats(client, &stats)),
        named([&](char** out) { return chancery_stats_json(client, out); }),
    };
  }

  os::TemporaryFolder folder_;
  zmq::CurveKeyPair node_keys_ = random_keys();
  zmq::CurveKeyPair app_keys_ = random_keys();
  std::unique_ptr<NodeEnd> node_;
  chancery_options* options_ = nullptr;
  chancery_client* client_ = nullptr;
};

TEST_F(ApiTest, WhatACProgramDoesWorks) {
  start_node(answer);
  open();
  char* text = nullptr;
  ASSERT_EQ(name_of(chancery_publish(client_, kDraft, &text)), "");
  const text::Json ticket = taken(text);
  EXPECT_EQ(ticket["recipients"], text::Json({"BY"}));

  int verdict = CHANCERY_UNKNOWN;
  const auto id = ticket["id"].get<std::string>();
  ASSERT_EQ(name_of(chancery_wait(client_, id.c_str(), "logged", 2000, &verdict, &text)), "");
  EXPECT_EQ(verdict, CHANCERY_REACHED);
  const text::Json outcome = taken(text);
  EXPECT_EQ(outcome["verdict"], "reached");
  EXPECT_EQ(outcome["index"], 7);
  EXPECT_TRUE(outcome["error"].is_null());

  verdict = CHANCERY_UNKNOWN;
  char* known = nullptr;
  ASSERT_EQ(
      name_of(chancery_publish_until(client_, kDraft, "logged", 2000, &text, &verdict, &known)),
      "");
  EXPECT_EQ(verdict, CHANCERY_REACHED);
  EXPECT_EQ(taken(text)["recipients"], text::Json({"BY"}));
  EXPECT_EQ(taken(known), outcome);

  chancery_position next{};
  ASSERT_EQ(name_of(chancery_read(client_, "c", R"({"kinds": "contact"})", &next, &text)), "");
  EXPECT_EQ(next.arrival, 5U);
  EXPECT_EQ(next.arrival_urgent, 8U);
  EXPECT_EQ(taken(text)["next_after_urgent"], 8);

  chancery_position stands{};
  ASSERT_EQ(name_of(chancery_commit(client_, "c", &next, &stands)), "");
  EXPECT_EQ(stands.arrival_urgent, 8U);

  ASSERT_EQ(name_of(chancery_stats_json(client_, &text)), "");
  EXPECT_EQ(taken(text)["connected"], true);
}

TEST_F(ApiTest, WhatOthersWroteIsHarmlessInADocumentAndTheSame) {
  start_node([](const v1::LocalRequest&) {
    v1::LocalReply reply;
    reply.mutable_publish()->add_recipients("B\u202e\u009b\x7f\nY");
    return reply;
  });
  open();
  char* text = nullptr;
  ASSERT_EQ(name_of(chancery_publish(client_, kDraft, &text)), "");
  for (const char* deceptive : {"\u202e", "\u009b", "\x7f", "\n"}) {
    EXPECT_EQ(std::string_view(text).find(deceptive), std::string_view::npos);
  }
  EXPECT_EQ(taken(text)["recipients"][0], "B\u202e\u009b\x7f\nY");
}

TEST_F(ApiTest, AnErrorHasAllItsParts) {
  start_node(answer);
  open();
  char* text = nullptr;
  chancery_error* const error = chancery_show(client_, "1", &text);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(text, nullptr);
  EXPECT_EQ(chancery_error_number(error), 90U);
  EXPECT_STREQ(chancery_error_name(error), "not-found");
  EXPECT_STREQ(chancery_error_detail(error), "no such notice");
  EXPECT_STRNE(chancery_error_text(error), "");
  EXPECT_STRNE(chancery_error_remedy(error), "");
  EXPECT_EQ(chancery_error_retryable(error), 0);
  EXPECT_STREQ(chancery_error_notice_id(error), "");
  chancery_error_free(error);

  chancery_error* const none = nullptr;
  EXPECT_EQ(chancery_error_number(none), 0U);
  EXPECT_STREQ(chancery_error_name(none), "");
  EXPECT_EQ(chancery_error_retry_after_ms(none), 0U);
}

TEST_F(ApiTest, AnErrorIsMadeByItsName) {
  chancery_error* const error = chancery_error_make("queue-full", "five");
  EXPECT_EQ(chancery_error_number(error), 11U);
  EXPECT_STREQ(chancery_error_detail(error), "five");
  EXPECT_EQ(chancery_error_retryable(error), 1);
  chancery_error_free(error);
  EXPECT_EQ(name_of(chancery_error_make("no-such-error", nullptr)), "internal");
}

TEST_F(ApiTest, ANullThatIsNotAllowedIsABadArgumentAndNoCrash) {
  open();
  char* text = nullptr;
  const chancery_position done{1, 2};
  const std::string bad = "bad-argument";
  EXPECT_EQ(each_call(nullptr), std::vector<std::string>(kEachCall, bad));
  EXPECT_EQ(name_of(chancery_options_new(nullptr)), bad);
  chancery_options* none = options_;
  EXPECT_EQ(name_of(chancery_options_from_file(nullptr, &none)), bad);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(name_of(chancery_options_set(nullptr, "node", "x")), bad);
  EXPECT_EQ(name_of(chancery_options_get(nullptr, "node", &text)), bad);
  EXPECT_EQ(name_of(chancery_open(nullptr, &client_)), bad);
  EXPECT_EQ(name_of(chancery_new_notice_id(nullptr)), bad);
  EXPECT_EQ(name_of(chancery_kinds(nullptr)), bad);
  EXPECT_EQ(name_of(chancery_publish(client_, nullptr, &text)), bad);
  EXPECT_EQ(detail_of(chancery_publish(client_, kDraft, nullptr)), "ticket is NULL");
  EXPECT_EQ(name_of(chancery_wait(client_, nullptr, "logged", 1, nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_wait(client_, "i", nullptr, 1, nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_wait(client_, "i", "refused", 1, nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_publish_until(client_, kDraft, "no", 1, &text, nullptr, nullptr)),
            bad);
  EXPECT_EQ(name_of(chancery_publish_until(client_, kDraft, nullptr, 1, &text, nullptr, nullptr)),
            bad);
  EXPECT_EQ(
      detail_of(chancery_publish_until(client_, kDraft, "logged", 1, nullptr, nullptr, nullptr)),
      "ticket is NULL");
  EXPECT_EQ(name_of(chancery_inbox(client_, nullptr, nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_read(client_, nullptr, nullptr, nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_read(client_, "", nullptr, nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_commit(client_, "c", nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_commit(client_, nullptr, &done, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_show(client_, nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_outbox(client_, nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_outbox(client_, R"({"stages": ["delivered"]})", &text)), "malformed");
  EXPECT_EQ(name_of(chancery_cancel(client_, nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_cancel(client_, "no uuid", &text)), "malformed");
  EXPECT_EQ(name_of(chancery_retry(client_, nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_cursors(client_, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_reset(client_, "c", nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_publish_batch(client_, nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_publish_batch(client_, R"({"drafts": []})", nullptr)), bad);
  EXPECT_EQ(name_of(chancery_publish_batch(client_, "{}", &text)), "malformed");
  EXPECT_EQ(name_of(chancery_publish_batch(client_, R"({"draft": []})", &text)), "unknown-field");
  EXPECT_EQ(name_of(chancery_ack(client_, "", "{}", nullptr)), bad);
  EXPECT_EQ(name_of(chancery_ack(client_, "c", nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_ack(client_, "c", R"({"next": 1})", nullptr)), "unknown-field");
  EXPECT_EQ(name_of(chancery_ack(client_, "c", R"({"notices": [{}]})", nullptr)), "malformed");
  EXPECT_EQ(name_of(chancery_nack(client_, "", "{}", &text)), bad);
  EXPECT_EQ(name_of(chancery_nack(client_, "c", nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_nack(client_, "c", "{}", nullptr)), bad);
  EXPECT_EQ(name_of(chancery_nack(client_, "c", R"({"notices": [5]})", &text)), "malformed");
  EXPECT_EQ(name_of(chancery_nack(client_, "c", R"({"delay": 5})", &text)), "unknown-field");
  EXPECT_EQ(name_of(chancery_deferred(client_, "", nullptr, &text)), bad);
  EXPECT_EQ(name_of(chancery_deferred(client_, "c", nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_deferred(client_, "c", R"({"waiting": 1})", &text)), "malformed");
  EXPECT_EQ(name_of(chancery_redrive(client_, "", R"({"all": true})", nullptr)), bad);
  EXPECT_EQ(name_of(chancery_redrive(client_, "c", nullptr, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_redrive(client_, "c", "{}", nullptr)), "malformed");
  EXPECT_EQ(name_of(chancery_redrive(client_, "c", R"({"all": true, "arrivals": [1]})", nullptr)),
            "malformed");
  EXPECT_EQ(name_of(chancery_stats(client_, nullptr)), bad);
  EXPECT_EQ(name_of(chancery_stats_json(client_, nullptr)), bad);
  chancery_free(nullptr);
  chancery_error_free(nullptr);
  chancery_options_free(nullptr);
  chancery_close(nullptr);
}

TEST_F(ApiTest, AHandleThatNobodyGaveIsABadArgument) {
  int elsewhere = 0;
  EXPECT_EQ(each_call(reinterpret_cast<chancery_client*>(&elsewhere)),
            std::vector<std::string>(kEachCall, "bad-argument"));
}

TEST_F(ApiTest, AStructureThatIsTooShortIsRefusedAndALongerOneIsZeroed) {
  open();
  chancery_statistics stats{};
  EXPECT_EQ(name_of(chancery_stats(client_, &stats)), "bad-argument");
  stats.struct_size = sizeof stats - 1;
  EXPECT_EQ(name_of(chancery_stats(client_, &stats)), "bad-argument");
  struct {
    chancery_statistics known;
    std::uint64_t of_a_newer_header;
  } longer{.known = {}, .of_a_newer_header = 9};
  longer.known.struct_size = sizeof longer;
  EXPECT_EQ(name_of(chancery_stats(client_, &longer.known)), "");
  EXPECT_EQ(longer.known.struct_size, sizeof longer);
  EXPECT_EQ(longer.of_a_newer_header, 0U);
}

TEST_F(ApiTest, AfterCloseEachCallSaysSo) {
  start_node(answer);
  open();
  EXPECT_EQ(each_call(client_),
            (std::vector<std::string>{"", "", "", "", "", "", "not-found", "not-found", "not-found",
                                      "not-found", "not-found", "not-found", "", "", "not-found",
                                      "not-found", "not-found", "", ""}));
  chancery_close(client_);
  EXPECT_EQ(each_call(client_), std::vector<std::string>(kEachCall, "client-closed"));
  chancery_close(client_);
  chancery_client* const first = client_;
  open();
  EXPECT_NE(client_, first);  // A handle is never given twice.
  EXPECT_EQ(each_call(first), std::vector<std::string>(kEachCall, "client-closed"));
}

TEST_F(ApiTest, CloseEndsWhatAnotherThreadHasUnderWay) {
  start_node(silence);
  open();
  auto published = std::async(std::launch::async, [&] {
    char* text = nullptr;
    return name_of(chancery_publish(client_, kDraft, &text));
  });
  auto waited = std::async(std::launch::async, [&] {
    return name_of(
        chancery_wait(client_, new_notice_id().c_str(), "logged", 60'000, nullptr, nullptr));
  });
  while (node_->requests().size() < 2) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  chancery_close(client_);
  EXPECT_EQ(published.get(), "client-closed");
  EXPECT_EQ(waited.get(), "client-closed");
}

TEST_F(ApiTest, ThreadsShareAClientAndOneOfThemMayCloseIt) {
  start_node(answer);
  open();
  std::vector<std::future<std::string>> calls;
  calls.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    calls.push_back(std::async(std::launch::async, [&] {
      for (;;) {
        char* text = nullptr;
        const std::string name = name_of(chancery_publish(client_, kDraft, &text));
        chancery_free(text);
        if (!name.empty()) {
          return name;
        }
      }
    }));
  }
  while (node_->requests().size() < 40) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  chancery_close(client_);
  for (auto& call : calls) {
    EXPECT_EQ(call.get(), "client-closed");
  }
}

#if !defined(__SANITIZE_THREAD__)  // Which does not follow into a child that starts threads.
TEST_F(ApiTest, TheChildOfAForkHasNoClientOfItsParentAndMayOpenItsOwn) {
  start_node(answer);
  open();
  EXPECT_EQ(each_call(client_).at(0), "");
  const pid_t child = ::fork();
  if (child == 0) {
    const bool said = each_call(client_) == std::vector<std::string>(kEachCall, "after-fork");
    chancery_close(client_);  // Allowed, and of no effect for the parent.
    chancery_client* own = nullptr;
    char* text = nullptr;
    const bool opened = chancery_open(options_, &own) == nullptr;
    const bool published = opened && chancery_publish(own, kDraft, &text) == nullptr;
    chancery_close(own);
    ::_exit((said ? 0 : 1) + (published ? 0 : 2));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: not after-fork, 2: no own client";
  EXPECT_EQ(each_call(client_).at(0), "");  // The parent goes on.
}
#endif

TEST_F(ApiTest, ADraftOrQueryThatIsNoneIsSaidBeforeAnythingIsSent) {
  start_node(answer);
  open();
  char* text = nullptr;
  EXPECT_EQ(name_of(chancery_publish(client_, "{", &text)), "malformed");
  EXPECT_EQ(name_of(chancery_publish(client_, R"({"knid": "x"})", &text)), "unknown-field");
  EXPECT_EQ(name_of(chancery_publish(client_, "{\"kind\": \"\xff\"}", &text)), "invalid-utf8");
  EXPECT_EQ(name_of(chancery_publish(client_, R"({"kind": "contact"})", &text)), "no-recipients");
  EXPECT_EQ(name_of(chancery_inbox(client_, "[]", nullptr, &text)), "malformed");
  const std::string long_text(4U << 20U, ' ');
  EXPECT_EQ(name_of(chancery_inbox(client_, long_text.c_str(), nullptr, &text)), "malformed");
  EXPECT_EQ(name_of(chancery_inbox(client_, (long_text + ' ').c_str(), nullptr, &text)),
            "limit-exceeded");
  EXPECT_TRUE(node_->requests().empty());
}

TEST_F(ApiTest, OptionsAreSetAndReadByTheirNames) {
  char* text = nullptr;
  for (const auto& [name, value] :
       {std::pair<const char*, std::string>{"key", std::string(64, 'b')},
        {"node_key", std::string(64, 'c')},
        {"member", "AM"},
        {"genesis", std::string(64, 'd')},
        {"connect_timeout_ms", "3600000"},
        {"request_count_max", "65536"}}) {
    set(name, value);
    ASSERT_EQ(name_of(chancery_options_get(options_, name, &text)), "");
    EXPECT_EQ(text, value);
    chancery_free(text);
  }
  EXPECT_EQ(name_of(chancery_options_set(options_, "nod", "x")), "config-unknown-key");
  EXPECT_EQ(name_of(chancery_options_get(options_, "nod", &text)), "config-unknown-key");
  for (const auto& [name, value] : {std::pair{"key", "ab"},
                                    {"request_timeout_ms", "0"},
                                    {"request_timeout_ms", "3600001"},
                                    {"request_timeout_ms", "1s"},
                                    {"request_count_max", "0"},
                                    {"request_count_max", "65537"}}) {
    EXPECT_EQ(name_of(chancery_options_set(options_, name, value)), "config-invalid") << name;
  }
}

TEST_F(ApiTest, TheCppClassesSayTheSame) {
  start_node(answer);
  Options options;
  options.node = "ipc://" + folder_ / "s";
  options.node_key = node_keys_.public_key;
  options.key = app_keys_.secret.bytes();
  Client client(options);
  const auto name = [](auto call) -> std::string {
    try {
      static_cast<void>(call());
    } catch (const Error& error) {
      return error.name();
    }
    return "";
  };
  using namespace std::string_literals;
  EXPECT_EQ(name([&] { return client.read("a\0b"s); }), "bad-argument");
  Draft draft;
  draft.kind = "training";
  draft.content_json = R"({"title": "t"})";
  draft.to = {"BY"};
  const Ticket ticket = client.publish(draft);
  Client moved = std::move(client);
  // NOLINTBEGIN(bugprone-use-after-move)
  EXPECT_EQ(name([&] { return client.stats(); }), "bad-argument");
  // NOLINTEND(bugprone-use-after-move)
  moved.close();
  moved.close();
  EXPECT_EQ(name([&] { return moved.publish(draft); }), "client-closed");
  EXPECT_EQ(name([&] { return ticket.wait(Stage::kLogged, milliseconds(1)); }), "client-closed");
}

TEST(VersionTest, TheLibraryNamesItsRelease) {
  EXPECT_EQ(chancery_version_number(), static_cast<std::uint32_t>(CHANCERY_HEADER_VERSION));
  EXPECT_STREQ(chancery_version(), CHANCERY_VERSION);
}

}  // namespace
}  // namespace chancery::client
