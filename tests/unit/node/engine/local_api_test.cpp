#include "node/engine/local_api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/compose.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "core/ledger/leaf.h"
#include "io/log/log.h"
#include "tests/unit/node/support.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;
using test::must;
using Words = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;

const News new_arrivals = {.arrivals = true, .notice_ids = {}};

// The node of BY, with three applications. Requests go through handle() as they come off the
// socket.
class LocalApiTest : public StoreTest {
 protected:
  explicit LocalApiTest(const test::ExchangeOptions& options = {.institution = true,
                                                                .partner = true})
      : StoreTest(options) {
    log_.found();
    follow();
    commit();
    next_number_ = 0;
  }

  LocalContext context() {
    return {.directory = directory_, .disk = &disk_, .now_ms = kNow, .now = SteadyTime() + now_};
  }
  // Hands it in; gives the reply, empty where there is none yet.
  v1::LocalReply ask(v1::LocalRequest request, std::string_view application) {
    request.set_request_id(++request_id_);
    must(api().handle("peer", application, request.SerializeAsString(), context()));
    return reply();
  }
  v1::LocalReply reply() {
    const std::vector<LocalReply> replies = api().take_replies();
    EXPECT_LE(replies.size(), 1U);
    v1::LocalReply parsed;
    for (const LocalReply& each : replies) {
      EXPECT_EQ(each.routing_id, "peer");
      EXPECT_LE(each.message.size(), exchange::kFrameBytesMax);
      EXPECT_TRUE(parsed.ParseFromString(each.message));
      EXPECT_EQ(parsed.request_id(), request_id_);
      EXPECT_NE(parsed.reply_case(), v1::LocalReply::REPLY_NOT_SET);
    }
    return parsed;
  }
  // "nothing", "good", or the name of the error.
  static std::string said(const v1::LocalReply& reply) {
    if (reply.reply_case() == v1::LocalReply::REPLY_NOT_SET) {
      return "nothing";
    }
    if (!reply.has_error()) {
      return "good";
    }
    const std::optional<ErrorCode> code = error_code_from_wire(reply.error().code());
    return code.has_value() ? std::string(error_info(*code).name) : "no code";
  }

  // A notice that the node takes.
  v1::PublishRequest publishable() {
    v1::PublishRequest request;
    request.set_notice_id(test::seeded_uuid("published", ++next_number_));
    request.set_kind("threat.alert");
    request.set_status(v1::STATUS_ACTUAL);
    request.set_precedence(v1::PRECEDENCE_ROUTINE);
    request.set_text(text_of("published", request.kind()));
    add_recipient(request, "RU");
    return request;
  }
  static void make_contact(v1::PublishRequest& request) {
    request.set_kind("contact");
    request.set_text(text_of("published", request.kind()));
  }
  // A contact, with a text of exactly so many bytes.
  static std::string contact_text(std::size_t bytes) {
    v1::Contact contact;
    contact.set_counterpart("counterpart");
    v1::Text text;
    for (std::size_t size = bytes - 64; text.ByteSizeLong() < bytes; ++size) {
      contact.set_summary(std::string(size, 'x'));
      text.set_content(contact.SerializeAsString());
    }
    EXPECT_EQ(text.ByteSizeLong(), bytes);
    return text.SerializeAsString();
  }
  static void add_recipient(v1::PublishRequest& request, const std::string& code) {
    v1::Recipient& recipient = *request.add_recipients();
    recipient.set_member(code);
    recipient.set_role(v1::RECIPIENT_ROLE_ACTION);
  }
  v1::LocalReply publish(const v1::PublishRequest& content, std::string_view application = "desk") {
    v1::LocalRequest request;
    *request.mutable_publish() = content;
    return ask(request, application);
  }
  // All that a node keeps of a request that waits.
  [[nodiscard]] v1::LocalRequest largest_read() const {
    v1::LocalRequest request;
    request.mutable_inbox()->set_cursor(std::string(exchange::kNameBytesMax, 'c'));
    for (std::size_t i = 0; i < limits_.filter_origin_count_max; ++i) {
      request.mutable_inbox()->mutable_filter()->add_origins(
          std::string(limits_.filter_origin_bytes_max, 'M'));
    }
    for (std::size_t i = 0; i < limits_.filter_pattern_count_max; ++i) {
      request.mutable_inbox()->mutable_filter()->add_kinds(
          std::string(limits_.filter_pattern_bytes_max, 'k'));
    }
    return request;
  }
  // What a change to a good request is answered with; what is refused leaves nothing behind.
  std::string refusal(const std::function<void(v1::PublishRequest&)>& change,
                      std::string_view application = "desk") {
    v1::PublishRequest request = publishable();
    change(request);
    const std::string answer = said(publish(request, application));
    EXPECT_EQ(answer == "good", must(store_->find_outbox(request.notice_id())).has_value());
    return answer;
  }
  OutboxRow outbox_row(const std::string& notice_id) {
    return must(store_->find_outbox(notice_id)).value_or(OutboxRow());
  }
  v1::Draft draft_of(const v1::PublishRequest& request) {
    const OutboxRow row = outbox_row(request.notice_id());
    return must(exchange::parse_wire<v1::Draft>(row.draft));
  }
  v1::LocalReply await(const std::string& notice_id, v1::Stage stage, std::uint64_t timeout_ms,
                       std::string_view application = "desk") {
    v1::LocalRequest request;
    request.mutable_await()->set_notice_id(notice_id);
    request.mutable_await()->set_stage(stage);
    request.mutable_await()->set_timeout_ms(timeout_ms);
    return ask(request, application);
  }
  v1::LocalReply inbox(const v1::InboxRequest& content, std::string_view application = "desk") {
    v1::LocalRequest request;
    *request.mutable_inbox() = content;
    return ask(request, application);
  }
  Numbers arrivals(const v1::InboxRequest& content, std::string_view application = "desk") {
    const v1::LocalReply answer = inbox(content, application);
    EXPECT_TRUE(answer.has_inbox()) << answer.ShortDebugString();
    Numbers numbers;
    for (const v1::InboxItem& item : answer.inbox().items()) {
      numbers.push_back(item.arrival());
    }
    next_after_ = answer.inbox().next_after();
    next_after_urgent_ = answer.inbox().next_after_urgent();
    return numbers;
  }
  v1::LocalReply set_cursor(const std::string& name, std::uint64_t arrival,
                            std::uint64_t arrival_urgent = 0) {
    v1::LocalRequest request;
    request.mutable_cursor()->set_cursor(name);
    request.mutable_cursor()->set_arrival(arrival);
    request.mutable_cursor()->set_arrival_urgent(arrival_urgent);
    return ask(request, "desk");
  }
  v1::LocalReply show(const v1::ShowRequest& content, std::string_view application = "desk") {
    v1::LocalRequest request;
    *request.mutable_show() = content;
    return ask(request, application);
  }
  v1::LocalReply show_prefix(std::string_view prefix, std::string_view application = "desk") {
    v1::ShowRequest request;
    request.set_notice(std::string(prefix));
    return show(request, application);
  }
  // Signs what is published under this id, as the daemon does, and logs it; not yet delivered.
  std::string sign_and_log(const std::string& notice_id) {
    const OutboxRow row = outbox_row(notice_id);
    const std::vector<Waiting> waiting = {
        {.notice_id = notice_id, .draft = row.draft, .text = row.text, .sealed = row.sealed}};
    const StampedBatch batch =
        stamp(waiting,
              {.directory = &log_.directory(),
               .origin = "BY",
               .log_seen = exchange::tree_head(log_.size(), log_.tree().root()),
               .now_us = kNow * 1000,
               .created_at_last_us = 0},
              test::seeded_bytes("stamp", random_bytes_needed(waiting, log_.directory())));
    EXPECT_TRUE(batch.refused.empty());
    const auto signer = test::key_signer("BY node 1 signing");
    std::vector<SignedSet> signed_sets;
    exchange::BatchToSign to_sign(exchange_.genesis(), signer->public_key().id(),
                                  batch.sets.front());
    std::string value = must(signer->sign(as_bytes(to_sign.message())));
    signed_sets.push_back({.to_sign = std::move(to_sign), .value = std::move(value)});
    const std::string envelope = signed_envelopes(batch, signed_sets).front().bytes;
    begin();
    must(store_->put_signed(batch.notices.front(), envelope));
    log(envelope);
    return envelope;
  }
  static News stage_of(const v1::PublishRequest& request) {
    return {.arrivals = false, .notice_ids = {request.notice_id()}};
  }
  void mark_logged(const std::string& notice_id) {
    begin();
    const OutboxStanding row = must(store_->outbox_standing(notice_id)).value_or(OutboxStanding());
    const OutboxRow own = must(store_->find_outbox(notice_id)).value_or(OutboxRow());
    must(store_->mark_logged(row, must(exchange::parse_wire<v1::Draft>(own.draft)), log_.size() - 1,
                             log_.accepted_at_ms()));
  }

  LocalApi& api() {
    if (api_ == nullptr) {
      const auto random = [](std::size_t count) { return test::seeded_bytes("salt", count); };
      api_ = std::make_unique<LocalApi>("BY", applications_, *store_, random, limits_);
    }
    return *api_;
  }

  std::vector<Application> applications_ = {
      {.name = "desk", .key = {}, .publish = {"*"}, .read = {"*"}},
      {.name = "alerts", .key = {}, .publish = {"threat.*"}, .read = {"threat.*"}},
      {.name = "silent", .key = {}, .publish = {}, .read = {}},
  };
  const exchange::Directory* directory_ = &exchange_.directory();
  LocalLimits limits_;
  DiskGauge disk_{DiskMarks{}};
  std::unique_ptr<LocalApi> api_;
  milliseconds now_{0};
  std::uint64_t request_id_ = 0;
  std::uint64_t next_number_ = 0;
  std::uint64_t next_after_ = 0;
  std::uint64_t next_after_urgent_ = 0;
};

// Requests.

// C-160
TEST_F(LocalApiTest, AFrameThatIsNoRequestIsAnswered) {
  request_id_ = 0;  // Nothing of it is known.
  must(api().handle("peer", "desk", "\xff\xff", context()));
  EXPECT_EQ(said(reply()), "malformed");
  must(api().handle("peer", "desk", std::string(exchange::kRequestBytesMax + 1, 'x'), context()));
  EXPECT_EQ(said(reply()), "limit-exceeded");
  must(api().handle("peer", "desk", "", context()));
  EXPECT_EQ(said(reply()), "malformed");
  v1::LocalRequest request;
  request.mutable_publish()->set_kind("contact");
  std::string latin = request.SerializeAsString();
  latin.back() = '\xe9';
  must(api().handle("peer", "desk", latin, context()));
  EXPECT_EQ(said(reply()), "invalid-utf8");
}

// C-160: a newer application asks an older node.
TEST_F(LocalApiTest, ARequestFromTheFutureIsAnsweredUnderItsId) {
  request_id_ = 5;
  must(api().handle("peer", "desk", "\x08\x05\xf2\x06\x01x", context()));  // Field 110.
  EXPECT_EQ(said(reply()), "unknown-field");
}

// C-161
TEST_F(LocalApiTest, AKeyThatIsNoApplicationsHasNoGrant) {
  request_id_ = 0;
  must(api().handle("peer", "nobody", v1::LocalRequest().SerializeAsString(), context()));
  EXPECT_EQ(said(reply()), "no-grant");
}

// Publish.

// C-162
TEST_F(LocalApiTest, WhatIsPublishedIsQueuedAsADraftThatTheRosterAllows) {
  v1::PublishRequest request = publishable();
  request.mutable_label()->set_classification("restricted");
  request.mutable_label()->add_handling("NOFORN");
  request.mutable_label()->add_handling("ALPHA");
  request.set_expires_at_ms(kNow + 1);
  add_recipient(request, "AM");
  const auto answer = publish(request);
  ASSERT_EQ(said(answer), "good");
  EXPECT_TRUE(store_->in_transaction()) << "the loop commits, then sends the reply";
  const v1::PublishReply& reply = answer.publish();
  EXPECT_EQ(reply.notice_id(), request.notice_id());
  EXPECT_EQ(Words(reply.recipients().begin(), reply.recipients().end()), (Words{"AM", "RU"}));

  const OutboxRow row = outbox_row(request.notice_id());
  EXPECT_EQ(row.stage, OutboxStage::kQueued);
  EXPECT_EQ(reply.notice(), as_view(row.notice));
  EXPECT_EQ(row.notice, exchange::notice_hash(exchange_.genesis(), row.draft));
  EXPECT_EQ(must(exchange::unpad_text(row.text)), request.text());
  const v1::Draft draft = must(exchange::parse_wire<v1::Draft>(row.draft));  // Strict: C-10.
  EXPECT_EQ(outcome(exchange::judge_draft(draft, true, *directory_)), "good");
  EXPECT_EQ(draft.origin(), "BY");
  EXPECT_EQ(draft.label().handling(0), "ALPHA");
  EXPECT_EQ(draft.text_digest(), as_view(exchange::text_digest(row.text)));
}

TEST_F(LocalApiTest, AClearNoticeKeepsItsTextAsItIs) {
  v1::PublishRequest request = publishable();
  make_contact(request);
  request.set_clear(true);
  ASSERT_EQ(said(publish(request)), "good");
  const OutboxRow row = outbox_row(request.notice_id());
  EXPECT_FALSE(row.sealed);
  EXPECT_EQ(row.text, request.text());
}

// C-162: the reply may have been lost; the same content is the same notice.
TEST_F(LocalApiTest, TheSameIdWithTheSameContentIsTheSameNotice) {
  const v1::PublishRequest request = publishable();
  const auto first = publish(request);
  ASSERT_EQ(said(first), "good");
  const auto again = publish(request);
  ASSERT_EQ(said(again), "good");
  EXPECT_EQ(again.publish().SerializeAsString(), first.publish().SerializeAsString());
  EXPECT_EQ(must(store_->outbox_counts()).queued, 1U);
  sign_and_log(request.notice_id());
  mark_logged(request.notice_id());
  EXPECT_EQ(said(publish(request)), "good") << "long after, too";
}

// C-162
TEST_F(LocalApiTest, TheSameIdWithOtherContentIsRefused) {
  v1::PublishRequest request = publishable();
  ASSERT_EQ(said(publish(request)), "good");
  request.set_text(text_of("changed", request.kind()));
  EXPECT_EQ(said(publish(request)), "notice-id-reused");
  EXPECT_EQ(said(publish(request, "alerts")), "notice-id-reused");
  EXPECT_EQ(must(store_->outbox_counts()).queued, 1U);
}

// C-161
TEST_F(LocalApiTest, AnApplicationPublishesWhatItsGrantCovers) {
  EXPECT_EQ(refusal([](auto&) {}, "alerts"), "good");
  EXPECT_EQ(refusal([](auto& request) { request.set_kind("contact"); }, "alerts"), "no-grant");
  EXPECT_EQ(refusal([](auto&) {}, "silent"), "no-grant");
}

TEST_F(LocalApiTest, WhatTheNodeSignsByItselfNoApplicationPublishes) {
  EXPECT_EQ(refusal([](auto& request) { request.set_kind("statement"); }), "no-grant");
  EXPECT_EQ(refusal([](auto& request) { request.set_kind("consultation.tally"); }), "no-grant");
}

// C-6, C-37
TEST_F(LocalApiTest, AnIdThatIsNoUuidOfVersionSevenIsMalformed) {
  EXPECT_EQ(refusal([](auto& request) { request.set_notice_id("short"); }), "malformed");
  EXPECT_EQ(refusal([](auto& request) { request.set_notice_id(""); }), "malformed");
  EXPECT_EQ(refusal([](auto& request) { (*request.mutable_notice_id())[6] ^= 0x10; }), "malformed");
  ASSERT_EQ(said(publish(publishable())), "good");
  EXPECT_EQ(refusal([](auto& request) { request.set_notice_id(""); }), "malformed")
      << "not another's";
}

// C-37, C-80 to C-97: each is asked before anything is promised.
TEST_F(LocalApiTest, WhatTheRosterForbidsIsRefusedAtOnce) {
  const auto to = [](const std::string& code) {
    return [code](auto& request) {
      request.clear_recipients();
      add_recipient(request, code);
    };
  };
  EXPECT_EQ(refusal([](auto& request) { request.set_kind("Threat"); }), "invalid-kind");
  EXPECT_EQ(refusal([](auto& request) { request.set_kind("directory.roster"); }), "invalid-kind");
  EXPECT_EQ(refusal([](auto& request) { request.clear_status(); }), "malformed");
  EXPECT_EQ(refusal([](auto& request) { request.clear_precedence(); }), "malformed");
  EXPECT_EQ(refusal([](auto& request) { request.clear_recipients(); }), "no-recipients");
  EXPECT_EQ(refusal(to("BY")), "no-recipients");
  EXPECT_EQ(refusal(to("ZZ")), "unknown-recipient");
  EXPECT_EQ(refusal(to("UN")), "partner-forbidden");
  EXPECT_EQ(refusal([](auto& request) { request.set_clear(true); }), "seal-required");
  EXPECT_EQ(refusal([](auto& request) { request.set_expires_at_ms(kNow); }), "expired");
  EXPECT_EQ(refusal([](auto& request) { request.set_expires_at_ms(kNow + 1); }), "good");
  EXPECT_EQ(refusal([](auto& request) { request.mutable_label()->set_classification("cosmic"); }),
            "unknown-classification");
}

// C-97
TEST_F(LocalApiTest, AllIsRefusedWhereItWouldReachAPartnerThatNobodyNamed) {
  v1::PublishRequest request = publishable();
  make_contact(request);
  request.mutable_recipients(0)->set_member("all");
  EXPECT_EQ(said(publish(request)), "partner-not-named");
  add_recipient(request, "UN");
  ASSERT_EQ(said(publish(request)), "good");
  EXPECT_EQ(draft_of(request).recipients_size(), 7);
}

// C-97
TEST_F(LocalApiTest, MembersAreAllMembersAndInstitutionsButTheOrigin) {
  v1::PublishRequest request = publishable();
  request.mutable_recipients(0)->set_member("members");
  const auto answer = publish(request);
  ASSERT_EQ(said(answer), "good");
  EXPECT_EQ(Words(answer.publish().recipients().begin(), answer.publish().recipients().end()),
            (Words{"AM", "KG", "KZ", "RU", "SEC", "TJ"}));
}

// C-24: at the limit and one over, sealed and clear.
TEST_F(LocalApiTest, ATextMayHaveItsLimitAndNotOneByteMore) {
  for (const bool clear : {false, true}) {
    const auto sized = [&](std::size_t bytes) {
      return refusal([&](auto& request) {
        request.set_kind("contact");
        request.set_clear(clear);
        request.set_text(contact_text(bytes));
      });
    };
    EXPECT_EQ(sized(exchange::kTextBytesMax), "good") << clear;
    EXPECT_EQ(sized(exchange::kTextBytesMax + 1), "limit-exceeded") << clear;
  }
}

// C-98
TEST_F(LocalApiTest, ATextThatNobodyCouldReadIsRefused) {
  EXPECT_EQ(refusal([](auto& request) { request.set_text("\xff\xff"); }), "malformed");
  EXPECT_EQ(refusal([](auto& request) { request.set_text("\x0a\x01\xe9"); }), "invalid-utf8");
  EXPECT_EQ(refusal([](auto& request) {
              v1::Text text;
              text.set_content("\xff\xff");
              request.set_text(text.SerializeAsString());
            }),
            "malformed");
}

// C-175
TEST_F(LocalApiTest, WhatDoesNotKeepTheRulesOfItsKindIsRefused) {
  v1::PublishRequest request = publishable();
  request.set_text(text_of("without content"));
  const v1::LocalReply answer = publish(request);
  EXPECT_EQ(said(answer), "invalid-kind");
  for (const char* const part :
       {"category is missing: give one of THREAT_CATEGORY_TERRORISM",
        "summary is missing: give a text", "chancery kinds threat.alert"}) {
    EXPECT_NE(answer.error().text().find(part), std::string::npos) << answer.error().text();
  }
  EXPECT_FALSE(must(store_->find_outbox(request.notice_id())).has_value());
  const auto reply_by = [&](std::uint64_t at_ms, std::uint64_t expires_at_ms) {
    return refusal([&](v1::PublishRequest& changed) {
      v1::Text text;
      EXPECT_TRUE(text.ParseFromString(changed.text()));
      text.set_reply_by_ms(at_ms);
      changed.set_text(text.SerializeAsString());
      changed.set_expires_at_ms(expires_at_ms);
    });
  };
  EXPECT_EQ(reply_by(kNow + 1, 0), "good");
  EXPECT_EQ(reply_by(kNow, 0), "invalid-kind") << "it has passed";
  EXPECT_EQ(reply_by(kNow + 2, kNow + 1), "invalid-kind") << "the notice expires before";
}

// C-175
TEST_F(LocalApiTest, OfAKindThatIsNotKnownTheContentIsNotJudged) {
  EXPECT_EQ(refusal([](auto& request) {
              request.set_kind("of.tomorrow");
              request.set_text(text_of("its own"));
            }),
            "good");
}

// C-96
TEST_F(LocalApiTest, ARecipientWithoutANodeIsRefused) {
  exchange::Directory later = exchange_.directory();
  const Words signer = {"RU authority"};
  must(later.apply(
      exchange_.parse(exchange_.entry(
          test::revocation_of(test::signing_public("RU node 1 signing").id()), signer, later)),
      exchange_.cache()));
  directory_ = &later;
  EXPECT_EQ(refusal([](auto&) {}), "recipient-without-node");
}

TEST_F(LocalApiTest, ANodeThatHasNotFollowedTheLogYetPromisesNothing) {
  const exchange::Directory empty(exchange_.genesis());
  directory_ = &empty;
  EXPECT_EQ(refusal([](auto&) {}), "unavailable");
}

TEST_F(LocalApiTest, AnApplicationPublishesAtItsRateAndItsUrgentNoticesApart) {
  applications_[0].rate = {.per_second = 10, .burst = 2};
  const v1::PublishRequest first = publishable();
  EXPECT_EQ(said(publish(first)), "good");
  EXPECT_EQ(refusal([](auto&) {}), "good");
  const v1::LocalReply over = publish(publishable());
  EXPECT_EQ(said(over), "quota-exceeded");
  EXPECT_EQ(over.error().retry_after_ms(), 100U);
  EXPECT_EQ(said(publish(first)), "good") << "a repetition is no other notice";
  EXPECT_EQ(refusal([](auto& request) { request.set_precedence(v1::PRECEDENCE_FLASH); }), "good");
  now_ += milliseconds(99);
  EXPECT_EQ(refusal([](auto&) {}), "quota-exceeded");
  now_ += milliseconds(1);
  EXPECT_EQ(refusal([](auto&) {}), "good");
  EXPECT_EQ(refusal([](auto&) {}), "quota-exceeded");
  EXPECT_EQ(api().counters().quota_count.at("desk"), 3U);
  for (node::Application& application : applications_) {
    application.rate = {.per_second = 10, .burst = 2};
  }
  for (int i = 0; i < 4; ++i) {  // What it may never publish is told as that, however often.
    EXPECT_EQ(refusal([](auto& request) { request.set_kind("contact"); }, "alerts"), "no-grant");
  }
}

// Collects what is logged while it lives.
class Lines {
 public:
  Lines() {
    log::init_sink([this](std::string_view line) { lines_.emplace_back(line); }, log::Level::kInfo);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  Lines(Lines&&) = delete;
  Lines& operator=(Lines&&) = delete;
  ~Lines() {
    log::init_sink([](std::string_view) {}, log::Level::kError);
  }

  [[nodiscard]] std::size_t count(std::string_view text) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_, [&](const std::string& line) { return line.contains(text); }));
  }

 private:
  std::vector<std::string> lines_;
};

TEST_F(LocalApiTest, WhatAGrantDoesNotCoverIsLoggedWithItsApplicationItsErrorAndTheVerb) {
  const Lines lines;
  const std::string denied = "WARN application-denied application=alerts error=no-grant ";
  const v1::PublishRequest contact = [&] {
    v1::PublishRequest request = publishable();
    make_contact(request);
    return request;
  }();
  EXPECT_EQ(said(publish(contact, "alerts")), "no-grant");
  EXPECT_EQ(lines.count(denied + "verb=publish "), 1U);
  EXPECT_EQ(said(publish(contact)), "good");
  EXPECT_EQ(said(await(contact.notice_id(), v1::STAGE_QUEUED, 0, "alerts")), "no-grant");
  EXPECT_EQ(lines.count(denied + "verb=await "), 1U);
  v1::InboxRequest contacts;
  contacts.mutable_filter()->add_kinds("contact");
  EXPECT_EQ(said(inbox(contacts, "alerts")), "no-grant");
  EXPECT_EQ(lines.count(denied + "verb=inbox "), 1U);
  v1::LocalRequest listing;
  listing.mutable_outbox();
  EXPECT_EQ(said(ask(listing, "silent")), "no-grant");
  EXPECT_EQ(lines.count("application=silent error=no-grant verb=outbox "), 1U);
  applications_[0].rate = {.per_second = 1, .burst = 1};
  must(api().release(context()));
  EXPECT_EQ(said(publish(publishable())), "good");
  EXPECT_EQ(said(publish(publishable())), "quota-exceeded");
  EXPECT_EQ(lines.count("WARN application-denied application=desk error=quota-exceeded "
                        "verb=publish "),
            1U);
  EXPECT_EQ(refusal([](auto& request) { request.clear_recipients(); }, "alerts"), "no-recipients");
  EXPECT_EQ(lines.count("application-denied"), 5U)
      << "what the roster says is no denial of a grant";
}

TEST_F(LocalApiTest, AFloodOfDenialsIsTenLinesAndTheirCount) {
  const Lines lines;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(refusal([](auto&) {}, "silent"), "no-grant");
  }
  EXPECT_EQ(lines.count("application-denied application=silent"), 10U);
  EXPECT_EQ(refusal([](auto& request) { request.set_kind("contact"); }, "alerts"), "no-grant");
  EXPECT_EQ(lines.count("application-denied application=alerts"), 1U) << "each by itself";
  now_ += std::chrono::seconds(20);
  api().sweep(context().now);
  EXPECT_EQ(lines.count("application-denied of=\"silent no-grant publish\" left_out=40"), 1U);
}

class OutboxShareTest : public LocalApiTest {
 protected:
  // As if they had been published and were not logged.
  void add_waiting(const std::string& application, int count, v1::Precedence precedence) {
    if (store_->in_transaction()) {
      commit();
    }
    api_.reset();
    tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
           std::to_string(count) +
           ") INSERT INTO outbox(notice_id, notice, request, application, queued_at_ms, "
           "precedence, sealed, bytes, alarms, exempt, stage) SELECT randomblob(16), "
           "randomblob(32), x'', '" +
           application + "', 0, " + std::to_string(precedence) +
           ", 1, 0, 0, 0, 1 + i % 2 FROM n; DELETE FROM tally; INSERT INTO tally SELECT * FROM "
           "recount; DELETE FROM outbox_share; INSERT INTO outbox_share SELECT * FROM "
           "outbox_share_recount");
  }
  std::string routine(std::string_view application = "desk") {
    return refusal([](auto&) {}, application);
  }
  std::string flash(std::string_view application = "desk") {
    return refusal([](auto& request) { request.set_precedence(v1::PRECEDENCE_FLASH); },
                   application);
  }
};

TEST_F(OutboxShareTest, AFullOutboxTakesNoMore) {
  limits_.queued_count_max = 1000;
  add_waiting("other", 898, v1::PRECEDENCE_ROUTINE);
  EXPECT_EQ(routine(), "good");
  EXPECT_EQ(routine(), "good");
  EXPECT_EQ(routine(), "queue-full");
  EXPECT_EQ(flash(), "good");
  add_waiting("other", 98, v1::PRECEDENCE_OVERRIDE);
  EXPECT_EQ(flash(), "good");
  EXPECT_EQ(flash(), "queue-full");
  EXPECT_EQ(flash("alerts"), "queue-full");
  EXPECT_EQ(api().counters().outbox_full_count, 2U);
}

TEST_F(OutboxShareTest, AnApplicationHasTwoThirdsOfWhatAllElseLeavesAndNotOneMore) {
  limits_.queued_count_max = 1000;
  add_waiting("desk", 599, v1::PRECEDENCE_ROUTINE);
  EXPECT_EQ(routine(), "good");
  const v1::LocalReply one_more = publish(publishable());
  EXPECT_EQ(said(one_more), "queue-full");
  const std::string bytes = std::to_string(must(store_->outbox_counts()).bytes);
  EXPECT_EQ(one_more.error().text(), "desk has 600 patient notices of " + bytes +
                                         " bytes in the outbox that are not logged, at most 600 of "
                                         "644245095 beside what else is there");
  add_waiting("desk", 266, v1::PRECEDENCE_IMMEDIATE);
  EXPECT_EQ(flash(), "good");
  EXPECT_EQ(flash(), "queue-full");

  EXPECT_EQ(routine("alerts"), "good") << "33 are left for the routine";
  add_waiting("alerts", 21, v1::PRECEDENCE_ROUTINE);
  EXPECT_EQ(routine("alerts"), "queue-full");
  add_waiting("alerts", 73, v1::PRECEDENCE_FLASH);
  EXPECT_EQ(flash("alerts"), "good");
  EXPECT_EQ(flash("alerts"), "queue-full");
  EXPECT_EQ(flash(), "queue-full");
}

// Whatever an application has waiting, in whatever order it came.
TEST_F(OutboxShareTest, OneApplicationLeavesTheOthersRoomInBothLanes) {
  limits_.queued_count_max = 1000;
  add_waiting("desk", 667, v1::PRECEDENCE_FLASH);
  EXPECT_EQ(flash(), "queue-full");
  add_waiting("desk", 156, v1::PRECEDENCE_ROUTINE);
  EXPECT_EQ(routine(), "queue-full");
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(routine("alerts"), "good") << i;
    ASSERT_EQ(flash("alerts"), "good") << i;
  }
}

TEST_F(LocalApiTest, AnOutboxThatHoldsItsBytesTakesNoMore) {
  limits_.queued_urgent_part = 1'000'000;  // Too small a part to be one.
  const v1::PublishRequest first = publishable();
  ASSERT_EQ(said(publish(first)), "good");
  const OutboxRow row = outbox_row(first.notice_id());
  const std::uint64_t each = row.draft.size() + row.text.size();
  const auto with_bytes = [&](std::uint64_t bytes_max) {
    limits_.queued_bytes_max = bytes_max;
    api_.reset();
  };
  with_bytes(3 * each - 2);
  EXPECT_EQ(refusal([](auto&) {}), "queue-full") << "one byte over";
  with_bytes(3 * each - 1);
  EXPECT_EQ(refusal([](auto&) {}), "good") << "at the limit: two thirds, rounded up";
  EXPECT_EQ(refusal([](auto&) {}), "queue-full");
  sign_and_log(first.notice_id());
  EXPECT_EQ(refusal([](auto&) {}), "queue-full") << "signed is not logged";
  mark_logged(first.notice_id());
  EXPECT_EQ(refusal([](auto&) {}), "good");
  EXPECT_EQ(refusal([](auto&) {}), "queue-full");
  EXPECT_EQ(refusal([](auto&) {}, "alerts"), "queue-full") << "one byte less than it takes is left";
  with_bytes(4 * each);
  EXPECT_EQ(refusal([](auto&) {}, "alerts"), "good") << "two thirds of twice as much";
  with_bytes(5 * each);
  limits_.queued_urgent_part = 5;
  api_.reset();
  EXPECT_EQ(refusal([](auto&) {}), "queue-full") << "the last fifth is for the urgent";
  EXPECT_EQ(refusal([](auto& request) { request.set_precedence(v1::PRECEDENCE_FLASH); }), "good");
}

// Await.

// C-163
TEST_F(LocalApiTest, AStageThatIsReachedIsAnsweredAtOnce) {
  const v1::PublishRequest request = publishable();
  publish(request);
  const auto queued = await(request.notice_id(), v1::STAGE_QUEUED, 1000);
  ASSERT_EQ(said(queued), "good");
  EXPECT_EQ(queued.await().stage(), v1::STAGE_QUEUED);
  sign_and_log(request.notice_id());
  mark_logged(request.notice_id());
  const auto logged = await(request.notice_id(), v1::STAGE_LOGGED, 1000);
  ASSERT_EQ(said(logged), "good");
  EXPECT_EQ(logged.await().stage(), v1::STAGE_LOGGED);
  EXPECT_EQ(logged.await().index(), log_.size() - 1);
  EXPECT_EQ(logged.await().accepted_at_ms(), log_.accepted_at_ms());
  api().set_cosigned(log_.size());
  const auto witnessed = await(request.notice_id(), v1::STAGE_LOGGED, 1000);
  ASSERT_EQ(said(witnessed), "good");
  EXPECT_EQ(witnessed.await().stage(), v1::STAGE_WITNESSED) << "as far as it is by now";
  EXPECT_EQ(api().waiter_count(), 0U);
}

// What stands in memory and what is read from the store are the same.
TEST_F(LocalApiTest, AfterAStartWhatIsAwaitedIsReadAndSaysTheSame) {
  const v1::PublishRequest request = publishable();
  publish(request);
  sign_and_log(request.notice_id());
  mark_logged(request.notice_id());
  const auto before = await(request.notice_id(), v1::STAGE_LOGGED, 1000);
  must(store_->commit());
  store_->roll_back();  // Forgets what it has in memory.
  const auto after = await(request.notice_id(), v1::STAGE_LOGGED, 1000);
  EXPECT_EQ(before.await().SerializeAsString(), after.await().SerializeAsString());
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_WITNESSED, 1000)), "nothing");
}

TEST_F(LocalApiTest, AStageThatIsNotReachedIsWaitedFor) {
  const v1::PublishRequest request = publishable();
  publish(request);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  EXPECT_EQ(api().waiter_count(), 1U);
  must(api().wake(context(), stage_of(request)));
  EXPECT_EQ(said(reply()), "nothing");
  sign_and_log(request.notice_id());
  must(api().wake(context(), stage_of(request)));
  EXPECT_EQ(said(reply()), "nothing") << "signed is not logged";
  mark_logged(request.notice_id());
  must(api().wake(context(), {}));
  EXPECT_EQ(said(reply()), "nothing") << "nobody said that something changed";
  must(api().wake(context(), stage_of(request)));
  const auto answer = reply();
  ASSERT_EQ(said(answer), "good");
  EXPECT_EQ(answer.await().stage(), v1::STAGE_LOGGED);
  EXPECT_EQ(api().waiter_count(), 0U);
}

// C-163: refused is final, and said to whoever waits for anything.
TEST_F(LocalApiTest, ARefusalEndsTheWaiting) {
  const v1::PublishRequest request = publishable();
  publish(request);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_DELIVERED, 1000)), "nothing");
  must(store_->mark_refused(request.notice_id(), {ErrorCode::kExpired, "too late"}));
  must(api().wake(context(), stage_of(request)));
  const auto answer = reply();
  ASSERT_EQ(said(answer), "good");
  EXPECT_EQ(answer.await().stage(), v1::STAGE_REFUSED);
  EXPECT_EQ(answer.await().code(), static_cast<std::uint32_t>(ErrorCode::kExpired));
  EXPECT_EQ(answer.await().text(), "too late");
}

TEST_F(LocalApiTest, ATimeOutIsAnsweredWithWhatIsKnown) {
  const v1::PublishRequest request = publishable();
  publish(request);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  now_ = milliseconds(999);
  must(api().wake(context(), {}));
  EXPECT_EQ(said(reply()), "nothing");
  now_ = milliseconds(1000);
  must(api().wake(context(), {}));
  const auto answer = reply();
  ASSERT_EQ(said(answer), "good");
  EXPECT_EQ(answer.await().stage(), v1::STAGE_QUEUED);
  EXPECT_EQ(api().waiter_count(), 0U);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 0)), "good") << "no time to wait";
}

// Before a node stops, or has other applications: nobody is left without an answer.
TEST_F(LocalApiTest, WhoWaitsIsReleasedWithWhatThereIs) {
  const v1::PublishRequest request = publishable();
  publish(request);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  must(api().release(context()));
  const auto stage = reply();
  ASSERT_EQ(said(stage), "good");
  EXPECT_EQ(stage.await().stage(), v1::STAGE_QUEUED);
  v1::InboxRequest to_come;
  to_come.set_wait_ms(1000);
  EXPECT_EQ(said(inbox(to_come)), "nothing");
  must(api().release(context()));
  const auto empty = reply();
  ASSERT_EQ(said(empty), "good");
  EXPECT_TRUE(empty.inbox().items().empty());
  EXPECT_EQ(api().waiter_count(), 0U);
  must(api().release(context()));
  EXPECT_EQ(said(reply()), "nothing") << "once";
}

TEST_F(LocalApiTest, NobodyWaitsLongerThanAMinute) {
  const v1::PublishRequest request = publishable();
  publish(request);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, UINT64_MAX)), "nothing");
  now_ = milliseconds(60'000);
  must(api().wake(context(), {}));
  EXPECT_EQ(said(reply()), "good");
}

// C-163
TEST_F(LocalApiTest, AtMostSoManyWait) {
  limits_.waiter_of_one_count_max = limits_.waiter_count_max;
  const v1::PublishRequest request = publishable();
  publish(request);
  for (std::size_t i = 0; i < limits_.waiter_count_max; ++i) {
    ASSERT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  }
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "good") << "at once";
  EXPECT_EQ(api().waiter_count(), limits_.waiter_count_max);
}

// C-163
TEST_F(LocalApiTest, OneApplicationLeavesRoomToWaitToTheOthers) {
  const v1::PublishRequest request = publishable();
  publish(request);
  for (std::size_t i = 0; i < limits_.waiter_of_one_count_max; ++i) {
    ASSERT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  }
  const auto answer = await(request.notice_id(), v1::STAGE_LOGGED, 1000);
  ASSERT_EQ(said(answer), "good") << "at once";
  EXPECT_EQ(answer.await().stage(), v1::STAGE_QUEUED) << "the stage so far";
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000, "alerts")), "nothing");
  EXPECT_GE(limits_.waiter_count_max, 2 * limits_.waiter_of_one_count_max);
}

// C-163
TEST_F(LocalApiTest, AllThatWaitHaveSoManyBytesTogether) {
  v1::InboxRequest request;
  request.set_wait_ms(1000);
  ASSERT_EQ(said(inbox(request)), "nothing");
  const std::size_t of_one = api().waiter_bytes();
  ASSERT_GT(of_one, 0U);
  EXPECT_LT(limits_.waiter_of_one_count_max * largest_read().SpaceUsedLong(),
            limits_.waiter_bytes_max)
      << "one application leaves room to the others";
  for (const std::size_t over : {0U, 1U}) {
    limits_.waiter_bytes_max = 3 * of_one - over;
    api_.reset();
    for (std::size_t i = 0; i < 3 - over; ++i) {
      ASSERT_EQ(said(inbox(request)), "nothing");
    }
    EXPECT_EQ(said(inbox(request)), "good") << "at once";
    EXPECT_EQ(api().counters().not_waited_count, 1U);
    EXPECT_EQ(api().waiter_bytes(), (3 - over) * of_one);
  }
}

// C-173
TEST_F(LocalApiTest, ARequestToReadHasAtMostSoManyBytes) {
  for (const bool waits : {false, true}) {
    v1::LocalRequest request;
    request.mutable_await()->set_stage(v1::STAGE_LOGGED);
    request.mutable_await()->set_timeout_ms(waits ? 1000 : 0);
    std::string& notice_id = *request.mutable_await()->mutable_notice_id();
    notice_id.resize(limits_.read_bytes_max - 64);
    request.set_request_id(request_id_ + 1);
    notice_id.resize(notice_id.size() + limits_.read_bytes_max - request.ByteSizeLong());
    ASSERT_EQ(request.ByteSizeLong(), limits_.read_bytes_max);
    EXPECT_EQ(said(ask(request, "desk")), "not-found");
    notice_id.push_back('n');
    EXPECT_EQ(said(ask(request, "desk")), "limit-exceeded");
  }
  v1::PublishRequest written = publishable();
  written.set_kind("contact");
  written.set_text(contact_text(limits_.read_bytes_max));
  EXPECT_EQ(said(publish(written)), "good") << "what is written may be as large as a text";
}

// C-173: fields of a newer version, and padding.
TEST_F(LocalApiTest, WhatIsNotKnownOfARequestIsNotKept) {
  v1::LocalRequest request;
  request.mutable_inbox()->set_wait_ms(1000);
  ASSERT_EQ(said(ask(request, "desk")), "nothing");
  const std::size_t known = api().waiter_bytes();
  for (google::protobuf::Message* const message : std::initializer_list<google::protobuf::Message*>{
           &request, request.mutable_inbox(), request.mutable_inbox()->mutable_filter()}) {
    api_.reset();
    auto* const fields = message->GetReflection()->MutableUnknownFields(message);
    fields->AddLengthDelimited(1000, std::string(limits_.read_bytes_max, 'x'));
    for (int i = 0; i < 10'000; ++i) {
      fields->AddVarint(1001, 0);
    }
    EXPECT_EQ(said(ask(request, "desk")), "nothing");
    EXPECT_LE(api().waiter_bytes(), known + sizeof(v1::InboxFilter) + 256);
    fields->Clear();
  }
}

TEST_F(LocalApiTest, OnlyTheNoticeThatChangedWakesWhoeverWaitsForIt) {
  const v1::PublishRequest request = publishable();
  publish(request);
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  sign_and_log(request.notice_id());
  mark_logged(request.notice_id());
  must(api().wake(context(), new_arrivals));
  EXPECT_EQ(said(reply()), "nothing");
  must(api().wake(context(), stage_of(publishable())));
  EXPECT_EQ(said(reply()), "nothing");
  must(api().wake(context(), stage_of(request)));
  EXPECT_EQ(said(reply()), "good");
}

// The link to the hub has its turn in between.
TEST_F(LocalApiTest, WhomATurnHasNoRoomForIsWokenFirstInTheNext) {
  limits_.turn_bytes_max = 1;  // The first answer fills it.
  const v1::PublishRequest request = publishable();
  publish(request);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000)), "nothing");
  }
  must(store_->mark_refused(request.notice_id(), {ErrorCode::kExpired, "too late"}));
  must(api().wake(context(), stage_of(request)));
  for (std::size_t left = 2; left > 0; --left) {
    EXPECT_EQ(api().take_replies().size(), 1U);
    EXPECT_EQ(api().waiter_count(), left);
    EXPECT_TRUE(api().is_behind());
    must(api().wake(context(), {}));
  }
  EXPECT_EQ(api().take_replies().size(), 1U);
  EXPECT_FALSE(api().is_behind());
}

TEST_F(LocalApiTest, RequestsAndRepliesFillATurn) {
  const v1::PublishRequest request = publishable();
  v1::LocalRequest frame;
  *frame.mutable_publish() = request;
  const std::string bytes = frame.SerializeAsString();
  must(api().handle("peer", "desk", bytes, context()));
  const std::size_t used = bytes.size() + api().take_replies().front().message.size();
  for (const std::size_t turn_bytes_max : {used, used + 1}) {
    limits_.turn_bytes_max = turn_bytes_max;
    api_.reset();
    EXPECT_FALSE(api().turn_is_full());
    must(api().handle("peer", "desk", bytes, context()));
    EXPECT_EQ(api().turn_is_full(), turn_bytes_max == used);
    EXPECT_EQ(api().take_replies().size(), 1U);
    EXPECT_FALSE(api().turn_is_full()) << "a new turn";
  }
}

TEST_F(LocalApiTest, OnlyWhatWasPublishedHereIsAwaited) {
  publish(publishable());
  EXPECT_EQ(said(await(test::seeded_uuid("nobody", 1), v1::STAGE_LOGGED, 1000)), "not-found");
  EXPECT_EQ(said(await("", v1::STAGE_LOGGED, 1000)), "not-found");
  EXPECT_EQ(said(await("abc", v1::STAGE_LOGGED, 1000)), "not-found");
}

// C-161
TEST_F(LocalApiTest, ANoticeOutsideTheGrantIsNotAwaited) {
  v1::PublishRequest request = publishable();
  make_contact(request);
  ASSERT_EQ(said(publish(request)), "good");
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_QUEUED, 0, "alerts")), "no-grant");
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000, "alerts")), "no-grant");
  sign_and_log(request.notice_id());
  mark_logged(request.notice_id());
  EXPECT_EQ(said(await(request.notice_id(), v1::STAGE_LOGGED, 1000, "alerts")), "no-grant");
}

// Inbox.

class InboxTest : public LocalApiTest {
 protected:
  // Seven arrivals from AM and RU in turn, of two kinds; 3 and 6 are urgent.
  InboxTest() {
    for (int i = 1; i <= 7; ++i) {
      v1::Draft draft =
          exchange_.draft(i % 2 == 0 ? "RU" : "AM", {"BY"}, i < 4 ? "threat.alert" : "contact");
      if (i % 3 == 0) {
        draft.set_precedence(v1::PRECEDENCE_FLASH);
      }
      const std::string sent =
          exchange_.publish(draft, text_of(std::to_string(i)), exchange_.directory());
      EXPECT_EQ(receive(sent), static_cast<std::uint64_t>(i));
      accepted_at_ms_.push_back(log_.accepted_at_ms());
      envelopes_.push_back(sent);
    }
    commit();
  }

  Numbers accepted_at_ms_;
  Words envelopes_;
};

TEST_F(InboxTest, ReadsByPages) {
  v1::InboxRequest request;
  EXPECT_EQ(arrivals(request), (Numbers{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(next_after_, 7U);
  request.set_limit(3);
  EXPECT_EQ(arrivals(request), (Numbers{1, 2, 3}));
  EXPECT_EQ(next_after_, 3U);
  request.set_after(next_after_);
  EXPECT_EQ(arrivals(request), (Numbers{4, 5, 6}));
  request.set_after(next_after_);
  EXPECT_EQ(arrivals(request), Numbers{7});
  request.set_after(next_after_);
  EXPECT_TRUE(arrivals(request).empty());
  EXPECT_EQ(next_after_, 7U);
  request.set_after(100);
  EXPECT_TRUE(arrivals(request).empty());
  EXPECT_EQ(next_after_, 100U);
}

TEST_F(InboxTest, FiltersByOriginKindPrecedenceAndTime) {
  const auto filtered = [&](const std::function<void(v1::InboxFilter&)>& set) {
    v1::InboxRequest request;
    set(*request.mutable_filter());
    return arrivals(request);
  };
  EXPECT_EQ(filtered([](auto& filter) { filter.add_origins("RU"); }), (Numbers{2, 4, 6}));
  EXPECT_EQ(filtered([](auto& filter) { filter.add_kinds("threat.*"); }), (Numbers{1, 2, 3}));
  EXPECT_EQ(filtered([](auto& filter) { filter.add_kinds("contact"); }), (Numbers{4, 5, 6, 7}));
  EXPECT_EQ(filtered([](auto& filter) { filter.set_precedence_min(v1::PRECEDENCE_IMMEDIATE); }),
            (Numbers{3, 6}));
  EXPECT_EQ(filtered([&](auto& filter) { filter.set_since_ms(accepted_at_ms_[5]); }),
            (Numbers{6, 7}));
  EXPECT_EQ(filtered([](auto& filter) {
              filter.add_origins("AM");
              filter.add_origins("RU");
              filter.add_kinds("contact");
              filter.set_precedence_min(v1::PRECEDENCE_FLASH);
            }),
            Numbers{6});
  EXPECT_TRUE(filtered([](auto& filter) { filter.add_origins("TJ"); }).empty());
  EXPECT_EQ(next_after_, 7U) << "what does not pass is passed over";
}

// C-167
TEST_F(InboxTest, AFilterNamesAtMostSoManyOriginsAndKinds) {
  const auto filtered = [&](std::size_t origins, std::size_t kinds) {
    v1::InboxRequest request;
    for (std::size_t i = 0; i < origins; ++i) {
      request.mutable_filter()->add_origins(i % 2 == 0 ? "AM" : "KZ");
    }
    for (std::size_t i = 0; i < kinds; ++i) {
      request.mutable_filter()->add_kinds("kind" + std::to_string(i));
    }
    return said(inbox(request));
  };
  EXPECT_EQ(filtered(64, 64), "good");
  EXPECT_EQ(filtered(65, 0), "limit-exceeded");
  EXPECT_EQ(filtered(0, 65), "limit-exceeded");
}

// C-167
TEST_F(InboxTest, AnOriginThatNobodyEverWasIsRefused) {
  v1::InboxRequest request;
  request.mutable_filter()->add_origins("RU");
  const auto along = [&](std::string_view cursor) {
    request.set_cursor(std::string(cursor));
    return said(inbox(request));
  };
  const exchange::Directory empty(exchange_.genesis());
  exchange::Directory later = exchange_.directory();
  v1::Roster without = later.roster();
  without.mutable_members()->DeleteSubrange(4, 1);
  must(later.apply(exchange_.parse(exchange_.next_roster(without, test::four_members, later)),
                   exchange_.cache()));
  ASSERT_EQ(later.member("RU"), nullptr);
  directory_ = &later;
  EXPECT_EQ(along(""), "good");
  EXPECT_EQ(arrivals(request), (Numbers{2, 4, 6})) << "whoever has left was an origin";

  request.mutable_filter()->add_origins("ZZ");
  EXPECT_EQ(along(""), "unknown-member");
  EXPECT_EQ(along("main"), "unknown-member");
  request.set_cursor("");
  request.set_last(5);
  EXPECT_EQ(said(inbox(request)), "unknown-member");
  const v1::LocalReply refused = inbox(request);
  EXPECT_EQ(refused.error().text(),
            "no member 'ZZ', now or before: there are AM, BY, KG, KZ, SEC, TJ, UN");
  directory_ = &empty;
  EXPECT_EQ(said(inbox(request)), "good") << "nobody is known yet";
}

// C-167
TEST_F(InboxTest, WhatAFilterNamesIsNoLongerThanACodeOrAPattern) {
  const exchange::Directory empty(exchange_.genesis());
  directory_ = &empty;  // Any origin will do.
  const std::string kind(exchange::kKindBytesMax, 'k');
  const auto filtered = [&](const std::string& origin, const std::string& pattern) {
    v1::InboxRequest request;
    request.mutable_filter()->add_origins("AM");
    request.mutable_filter()->add_origins(origin);
    request.mutable_filter()->add_kinds(pattern);
    return said(inbox(request));
  };
  EXPECT_EQ(filtered("M2345678", kind + ".*"), "good");
  EXPECT_EQ(filtered("M23456789", kind), "limit-exceeded");
  EXPECT_EQ(filtered("AM", kind + "k.*"), "limit-exceeded");
  const v1::LocalRequest largest = largest_read();
  EXPECT_EQ(said(inbox(largest.inbox())), "good");
}

TEST_F(InboxTest, RowsLookedAtFillATurn) {
  v1::LocalRequest request;
  request.mutable_inbox()->mutable_filter()->add_kinds("nothing");
  for (const std::uint32_t last : {0U, 1U}) {
    request.mutable_inbox()->set_last(last);
    for (const std::size_t row_count_max : {7U, 8U}) {
      limits_.turn_row_count_max = row_count_max;
      api_.reset();
      must(api().handle("peer", "desk", request.SerializeAsString(), context()));
      EXPECT_EQ(api().turn_is_full(), row_count_max == 7) << last;
    }
  }
}

// What was passed over once is not looked at again.
TEST_F(InboxTest, WhoeverWaitsLooksAtWhatIsNewOnly) {
  limits_.turn_row_count_max = 2;
  v1::InboxRequest request;
  request.set_wait_ms(1000);
  request.mutable_filter()->add_origins("KZ");
  for (const std::uint32_t last : {0U, 1U}) {
    request.set_last(last);
    EXPECT_EQ(said(inbox(request)), "nothing");
  }
  receive(notice("not from there"));
  must(api().wake(context(), new_arrivals));
  EXPECT_TRUE(api().turn_is_full()) << "a row each";
  EXPECT_FALSE(api().is_behind()) << "and no more";
  receive(notice("from there", "KZ"));
  must(api().wake(context(), new_arrivals));
  EXPECT_EQ(api().take_replies().size(), 2U);
}

// C-161
TEST_F(InboxTest, AnApplicationReadsWhatItsGrantCovers) {
  v1::InboxRequest request;
  EXPECT_EQ(arrivals(request, "alerts"), (Numbers{1, 2, 3}));
  const auto asked = [&](const std::vector<std::string>& kinds, std::string_view application) {
    request.mutable_filter()->mutable_kinds()->Assign(kinds.begin(), kinds.end());
    return said(inbox(request, application));
  };
  EXPECT_EQ(asked({"threat.alert"}, "alerts"), "good");
  EXPECT_EQ(asked({"*"}, "alerts"), "good") << "what there is of all";
  EXPECT_EQ(asked({"threat.alert", "threat.*"}, "alerts"), "good");
  EXPECT_EQ(asked({"contact"}, "alerts"), "no-grant") << "a filter grants nothing";
  EXPECT_EQ(asked({"assistance.*"}, "alerts"), "no-grant");
  EXPECT_EQ(asked({"threat.*", "contact"}, "alerts"), "no-grant") << "and none is left out";
  applications_[1].read = {"threat.alert"};
  EXPECT_EQ(asked({"threat.*"}, "alerts"), "good") << "of a group what there is";
  for (const std::vector<std::string>& kinds : {Words{}, Words{"*"}, Words{"contact"}}) {
    EXPECT_EQ(asked(kinds, "silent"), "no-grant");
  }
  v1::LocalRequest given_back;
  given_back.mutable_deferred()->set_cursor("main");
  EXPECT_EQ(said(ask(given_back, "alerts")), "good");
  EXPECT_EQ(said(ask(given_back, "silent")), "no-grant");
}

TEST_F(InboxTest, TheLastAreTheNewestInTheirOrder) {
  v1::InboxRequest request;
  request.set_last(2);
  EXPECT_EQ(arrivals(request), (Numbers{6, 7}));
  EXPECT_EQ(next_after_, 7U);
  EXPECT_EQ(arrivals(request, "alerts"), (Numbers{2, 3}));
  EXPECT_EQ(next_after_, 7U) << "whoever follows goes on after the newest";
  request.mutable_filter()->add_origins("RU");
  EXPECT_EQ(arrivals(request), (Numbers{4, 6}));
  request.set_after(5);
  EXPECT_EQ(arrivals(request), Numbers{6});
  request.set_last(UINT32_MAX);
  request.set_after(0);
  EXPECT_EQ(arrivals(request), (Numbers{2, 4, 6}));
}

// C-164
TEST_F(InboxTest, ItsApplicationMayPutACursorAnywhere) {
  const auto reset = [&](std::uint64_t arrival, std::uint64_t arrival_urgent) {
    v1::LocalRequest request;
    request.mutable_reset()->set_cursor("main");
    request.mutable_reset()->set_arrival(arrival);
    request.mutable_reset()->set_arrival_urgent(arrival_urgent);
    return ask(request, "desk");
  };
  const auto listed = [&](std::string_view application) {
    v1::LocalRequest request;
    request.mutable_cursors();
    const v1::CursorsReply reply = ask(request, application).cursors();
    EXPECT_EQ(reply.newest_arrival(), 7U);
    std::string words;
    for (const v1::CursorState& each : reply.cursors()) {
      words += each.cursor() + " " + std::to_string(each.arrival()) + " " +
               std::to_string(each.arrival_urgent()) + ";";
    }
    return words;
  };
  EXPECT_EQ(listed("desk"), "");
  set_cursor("main", 7, 7);
  set_cursor("archive", 2);
  const auto back = reset(2, 3);
  EXPECT_EQ(back.cursor().arrival(), 2U);
  EXPECT_EQ(back.cursor().arrival_urgent(), 3U);
  EXPECT_TRUE(store_->in_transaction()) << "durable before the reply is sent";
  EXPECT_EQ(listed("desk"), "archive 2 0;main 2 3;");
  EXPECT_EQ(listed("alerts"), "");
  v1::InboxRequest request;
  request.set_cursor("main");
  EXPECT_EQ(arrivals(request), (Numbers{6, 4, 5, 7}));
  EXPECT_EQ(said(reset(8, 0)), "not-found");
}

TEST_F(InboxTest, AnApplicationHasSoManyCursors) {
  limits_.cursor_count_max = 2;
  EXPECT_EQ(said(set_cursor("one", 1)), "good");
  EXPECT_EQ(said(set_cursor("two", 1)), "good");
  EXPECT_EQ(said(set_cursor("three", 1)), "limit-exceeded");
  EXPECT_EQ(said(set_cursor("two", 2)), "good") << "that is there";
}

// C-164
TEST_F(InboxTest, CursorsAreOfAnApplicationAndGoForward) {
  const auto first = set_cursor("main", 4);
  ASSERT_EQ(said(first), "good");
  EXPECT_EQ(first.cursor().arrival(), 4U);
  EXPECT_TRUE(store_->in_transaction()) << "durable before the reply is sent";
  v1::InboxRequest request;
  request.set_cursor("main");
  EXPECT_EQ(arrivals(request), (Numbers{3, 6, 5, 7}));
  EXPECT_EQ(arrivals(request, "alerts"), (Numbers{3, 1, 2})) << "a cursor of its own";
  EXPECT_EQ(set_cursor("main", 2).cursor().arrival(), 4U) << "never back";
  request.set_cursor("other");
  EXPECT_EQ(arrivals(request), (Numbers{3, 6, 1, 2, 4, 5, 7}));
}

// C-164
TEST_F(InboxTest, AlongACursorTheUrgentOvertakeThePatient) {
  v1::InboxRequest request;
  request.set_cursor("main");
  request.set_limit(3);
  EXPECT_EQ(arrivals(request), (Numbers{3, 6, 1}));
  EXPECT_EQ(next_after_, 1U);
  EXPECT_EQ(next_after_urgent_, 7U) << "what is between is patient";
  const auto stands = set_cursor("main", next_after_, next_after_urgent_);
  EXPECT_EQ(stands.cursor().arrival(), 1U);
  EXPECT_EQ(stands.cursor().arrival_urgent(), 7U);
  v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
  draft.set_precedence(v1::PRECEDENCE_IMMEDIATE);
  receive(exchange_.publish(draft, text_of("late"), exchange_.directory()));
  EXPECT_EQ(arrivals(request), (Numbers{8, 2, 4})) << "before the backlog that it came after";
  request.set_after(4);
  request.set_after_urgent(8);
  EXPECT_EQ(arrivals(request), (Numbers{5, 7})) << "further than the cursor stands";
  EXPECT_EQ(next_after_, 8U);
  EXPECT_EQ(next_after_urgent_, 8U);
  request.set_last(2);
  EXPECT_EQ(said(inbox(request)), "usage");
}

TEST_F(InboxTest, AReaderAlongACursorWaitsForEitherLane) {
  set_cursor("main", 7, 7);
  v1::InboxRequest request;
  request.set_cursor("main");
  request.set_wait_ms(1000);
  for (const v1::Precedence precedence : {v1::PRECEDENCE_ROUTINE, v1::PRECEDENCE_FLASH}) {
    EXPECT_EQ(said(inbox(request)), "nothing");
    v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
    draft.set_precedence(precedence);
    const auto arrival = receive(exchange_.publish(draft, text_of("new"), exchange_.directory()));
    must(api().wake(context(), new_arrivals));
    const auto answer = reply();
    ASSERT_EQ(answer.inbox().items_size(), 1);
    EXPECT_EQ(answer.inbox().items(0).arrival(), arrival);
    set_cursor("main", answer.inbox().next_after(), answer.inbox().next_after_urgent());
  }
}

TEST_F(InboxTest, ACursorHasANameAndNamesWhatHasArrived) {
  EXPECT_EQ(said(set_cursor("", 1)), "usage");
  EXPECT_EQ(said(set_cursor(std::string(exchange::kNameBytesMax, 'n'), 1)), "good");
  EXPECT_EQ(said(set_cursor(std::string(exchange::kNameBytesMax + 1, 'n'), 1)), "usage");
  EXPECT_EQ(said(set_cursor("main", 7)), "good");
  EXPECT_EQ(said(set_cursor("main", 8)), "not-found");
  EXPECT_EQ(said(set_cursor("main", 7, 8)), "not-found");
}

TEST_F(InboxTest, WaitsForWhatIsToCome) {
  v1::InboxRequest request;
  request.set_after(7);
  request.set_wait_ms(1000);
  request.mutable_filter()->add_kinds("threat.alert");
  EXPECT_EQ(said(inbox(request)), "nothing");
  receive(notice("not this kind", "AM", "contact"));
  must(api().wake(context(), new_arrivals));
  EXPECT_EQ(said(reply()), "nothing");
  receive(notice("this one"));
  must(api().wake(context(), new_arrivals));
  const auto answer = reply();
  ASSERT_EQ(said(answer), "good");
  ASSERT_EQ(answer.inbox().items_size(), 1);
  EXPECT_EQ(answer.inbox().items(0).arrival(), 9U);
  EXPECT_EQ(answer.inbox().items(0).text(), text_of("this one"));
}

TEST_F(InboxTest, AWaitThatEndsIsAnsweredEmpty) {
  v1::InboxRequest request;
  request.set_after(7);
  request.set_wait_ms(1000);
  EXPECT_EQ(said(inbox(request)), "nothing");
  now_ = milliseconds(1000);
  must(api().wake(context(), {}));
  const auto answer = reply();
  ASSERT_EQ(said(answer), "good");
  EXPECT_TRUE(answer.inbox().items().empty());
  EXPECT_EQ(answer.inbox().next_after(), 7U);
}

// Rows that a page passes over are bounded; whoever waits is told to go on, and not held up.
TEST_F(InboxTest, AFilterThatPassesNothingEndsThePageAndNotTheReading) {
  begin();
  for (std::uint64_t index = 1000; index < 3000; ++index) {
    Arrival arrival;
    arrival.index = index;
    exchange::Envelope& envelope = arrival.envelope.emplace();
    envelope.draft = exchange_.draft("AM", {"BY"}, "contact");
    envelope.header.set_draft(envelope.draft.SerializeAsString());
    envelope.notice = exchange::notice_hash(exchange_.genesis(), envelope.header.draft());
    ASSERT_EQ(outcome(store_->put_arrival(arrival, {}, kNow)), "good");
  }
  ASSERT_EQ(receive(notice("behind them")), 2008U);
  v1::InboxRequest request;
  request.set_after(7);
  request.set_wait_ms(1000);
  request.mutable_filter()->add_kinds("threat.alert");
  EXPECT_TRUE(arrivals(request).empty());
  EXPECT_EQ(next_after_, 2007U);
  request.set_after(next_after_);
  EXPECT_EQ(arrivals(request), Numbers{2008});
  request.set_after(0);
  request.set_last(1);
  request.mutable_filter()->add_kinds("threat.alert");
  EXPECT_EQ(arrivals(request), Numbers{2008});
  request.set_last(2);
  EXPECT_EQ(arrivals(request), (Numbers{3, 2008})) << "far behind the others";
}

TEST_F(InboxTest, APageFitsIntoAFrameAndLosesNothing) {
  const std::string large = text_of(std::string(700'000, 'x'));
  for (int i = 0; i < 4; ++i) {
    receive(exchange_.publish(exchange_.draft("AM", {"BY"}), large, exchange_.directory()));
  }
  v1::InboxRequest request;
  request.set_after(7);
  EXPECT_EQ(arrivals(request), (Numbers{8, 9}));
  request.set_after(next_after_);
  EXPECT_EQ(arrivals(request), (Numbers{10, 11}));
  request.set_after(0);
  request.set_last(4);
  EXPECT_EQ(arrivals(request), (Numbers{10, 11})) << "the newest of them";
}

// Show.

TEST_F(InboxTest, ShowsByPrefixByIdAndByIndex) {
  const exchange::Envelope third = exchange_.parse(envelopes_[2]);
  v1::ShowRequest by_id;
  by_id.set_notice_id(third.draft.notice_id());
  v1::ShowRequest by_index;
  by_index.set_index_plus_one(log_.size() - 7 + 2 + 1);
  for (const auto& answer :
       {show_prefix(as_view(third.notice)), show_prefix(as_view(third.notice).substr(0, 4)),
        show(by_id), show(by_index)}) {
    ASSERT_EQ(said(answer), "good");
    const v1::ShowReply& shown = answer.show();
    EXPECT_EQ(shown.item().arrival(), 3U);
    EXPECT_EQ(shown.item().text(), text_of("3"));
    EXPECT_EQ(shown.stage(), v1::STAGE_LOGGED);
    EXPECT_EQ(shown.envelope(), envelopes_[2]);
    EXPECT_EQ(shown.d(), as_view(third.d));
    // C-109: leaf and envelope belong together.
    EXPECT_EQ(must(ledger::parse_leaf(as_bytes(shown.leaf()))).entry, third.entry);
  }
}

TEST_F(InboxTest, WhatIsNotThereIsNotShown) {
  EXPECT_EQ(said(show_prefix("\x01\x02\x03\x04")), "not-found");
  v1::ShowRequest request;
  request.set_index_plus_one(1);
  EXPECT_EQ(said(show(request)), "not-found") << "a directory entry is no notice";
  request.set_index_plus_one(UINT64_MAX);
  EXPECT_NE(said(show(request)), "good");
}

TEST_F(InboxTest, APrefixHasAtLeastFourBytesAndIsNoLongerThanAHash) {
  EXPECT_EQ(said(show_prefix("")), "usage");
  EXPECT_EQ(said(show_prefix("abc")), "usage");
  EXPECT_EQ(said(show_prefix(std::string(33, 'x'))), "usage");
}

// C-161
TEST_F(InboxTest, AnApplicationIsShownWhatItMayRead) {
  const exchange::Envelope contact = exchange_.parse(envelopes_[6]);
  const exchange::Envelope threat = exchange_.parse(envelopes_[0]);
  EXPECT_EQ(said(show_prefix(as_view(contact.notice), "alerts")), "no-grant");
  EXPECT_EQ(said(show_prefix(as_view(threat.notice), "alerts")), "good");
  EXPECT_EQ(said(show_prefix(as_view(threat.notice), "silent")), "no-grant");
}

class OutboxApiTest : public LocalApiTest {
 protected:
  v1::OutboxReply outbox(const v1::OutboxRequest& content = {},
                         std::string_view application = "desk") {
    v1::LocalRequest request;
    *request.mutable_outbox() = content;
    const v1::LocalReply answer = ask(request, application);
    EXPECT_TRUE(answer.has_outbox()) << answer.ShortDebugString();
    return answer.outbox();
  }
  static Numbers numbers(const v1::OutboxReply& reply) {
    Numbers all;
    for (const v1::OutboxItem& item : reply.items()) {
      all.push_back(item.number());
    }
    return all;
  }
  v1::LocalReply cancel(const std::string& notice_id, std::string_view application = "desk") {
    v1::LocalRequest request;
    request.mutable_cancel()->set_notice_id(notice_id);
    return ask(request, application);
  }
  v1::LocalReply retry(const std::string& notice_id, std::string_view application = "desk") {
    v1::LocalRequest request;
    request.mutable_retry()->set_notice_id(notice_id);
    return ask(request, application);
  }
  std::string published(std::string_view application = "desk", const std::string& kind = {}) {
    v1::PublishRequest request = publishable();
    request.set_kind(kind.empty() ? "threat.alert" : kind);
    request.set_text(text_of("published", request.kind()));
    EXPECT_EQ(said(publish(request, application)), "good");
    return request.notice_id();
  }
};

// C-169
TEST_F(OutboxApiTest, ListsWhatTheGrantCoversByPages) {
  published();
  const std::string logged = published();
  published("desk", "contact");
  sign_and_log(logged);
  mark_logged(logged);
  v1::OutboxRequest request;
  EXPECT_EQ(numbers(outbox(request)), (Numbers{1, 2, 3}));
  EXPECT_EQ(numbers(outbox(request, "alerts")), (Numbers{1, 2})) << "may publish no contact";
  v1::LocalRequest of_silent;
  of_silent.mutable_outbox();
  EXPECT_EQ(said(ask(of_silent, "silent")), "no-grant");
  request.set_limit(2);
  const v1::OutboxReply first = outbox(request);
  EXPECT_EQ(numbers(first), (Numbers{1, 2}));
  EXPECT_FALSE(first.last());
  request.set_after(first.next_after());
  EXPECT_EQ(numbers(outbox(request)), Numbers{3});
  request.set_after(3);
  EXPECT_TRUE(outbox(request).last());
  request.set_after(0);
  request.set_logged(true);
  const v1::OutboxReply by_stage = outbox(request);
  ASSERT_EQ(numbers(by_stage), Numbers{2});
  const v1::OutboxItem& item = by_stage.items(0);
  EXPECT_EQ(item.application(), "desk");
  EXPECT_TRUE(item.sent());
  EXPECT_EQ(item.item().index(), log_.size() - 1);
  v1::Text text;
  ASSERT_TRUE(text.ParseFromString(item.item().text()));
  EXPECT_EQ(text.subject(), "published");
  EXPECT_TRUE(text.content().empty()) << "a list is for looking through";
}

// C-169
TEST_F(OutboxApiTest, WhatWasNotSentIsWithdrawn) {
  const std::string id = published();
  EXPECT_EQ(said(await(id, v1::STAGE_LOGGED, 1000)), "nothing");
  const std::uint64_t waiting_request = request_id_;
  EXPECT_EQ(said(cancel(id, "silent")), "no-grant");
  const v1::LocalReply withdrawn = cancel(id);
  EXPECT_EQ(withdrawn.await().stage(), v1::STAGE_REFUSED);
  EXPECT_EQ(withdrawn.await().code(), static_cast<std::uint32_t>(ErrorCode::kWithdrawn));
  EXPECT_TRUE(store_->in_transaction());
  EXPECT_TRUE(must(store_->waiting(10, 1U << 20U)).empty());
  const std::uint64_t newest_request = std::exchange(request_id_, waiting_request);
  must(api().wake(context(), {}));
  EXPECT_EQ(reply().await().stage(), v1::STAGE_REFUSED) << "whoever waits for it hears of it";
  request_id_ = newest_request;
  EXPECT_EQ(cancel(id).await().stage(), v1::STAGE_REFUSED) << "again is the same";
  EXPECT_EQ(said(cancel(test::seeded_uuid("nobody", 1))), "not-found");
}

// C-169: it may have been logged, whatever is known here.
TEST_F(OutboxApiTest, WhatWasSentIsNotWithdrawn) {
  const std::string id = published();
  sign_and_log(id);
  EXPECT_EQ(said(cancel(id)), "already-sent");
  must(store_->mark_queued(id, {ErrorCode::kStaleDirectory, ""}));
  EXPECT_EQ(said(cancel(id)), "already-sent") << "an earlier stamping is on its way";
  mark_logged(id);
  EXPECT_EQ(said(cancel(id)), "already-sent");
}

// C-169
TEST_F(OutboxApiTest, WhatWasRefusedIsWantedAgain) {
  const std::string id = published();
  EXPECT_EQ(retry(id).await().stage(), v1::STAGE_QUEUED) << "nothing to do";
  begin();
  must(store_->mark_refused(id, {ErrorCode::kKindNotGranted, "not yet"}));
  commit();
  EXPECT_EQ(must(store_->outbox_counts()).queued, 0U);
  EXPECT_EQ(said(retry(id, "silent")), "no-grant");
  const v1::LocalReply again = retry(id);
  EXPECT_EQ(again.await().stage(), v1::STAGE_QUEUED);
  EXPECT_EQ(again.await().code(), 0U);
  EXPECT_EQ(must(store_->outbox_counts()).queued, 1U);
  EXPECT_EQ(must(store_->waiting(10, 1U << 20U)).size(), 1U);
}

TEST_F(OutboxApiTest, WhatWaitsAsideIsWantedNow) {
  const std::string id = published();
  sign_and_log(id);
  must(store_->mark_aside(id, {ErrorCode::kExpired, "by the hub"}));
  EXPECT_TRUE(outbox().items(0).aside());
  EXPECT_TRUE(must(store_->waiting(10, 1U << 20U)).empty());
  EXPECT_EQ(said(retry(id)), "good");
  EXPECT_EQ(must(store_->waiting(10, 1U << 20U)).size(), 1U);
  EXPECT_TRUE(outbox_row(id).was_aside);
}

TEST_F(OutboxApiTest, AFullOutboxTakesNothingBack) {
  const std::string id = published();
  begin();
  must(store_->mark_refused(id, {ErrorCode::kKindNotGranted, "not yet"}));
  commit();
  limits_.queued_count_max = 0;
  api_.reset();
  EXPECT_EQ(said(retry(id)), "queue-full");
}

TEST_F(OutboxApiTest, WhatIsWantedAgainIsOfTheShareOfWhoPublishedIt) {
  const std::string id = published();
  ASSERT_EQ(said(publish(publishable())), "good");
  begin();
  must(store_->mark_refused(id, {ErrorCode::kKindNotGranted, "not yet"}));
  commit();
  limits_.queued_count_max = 1;
  api_.reset();
  const v1::LocalReply again = retry(id, "alerts");
  EXPECT_EQ(said(again), "queue-full");
  EXPECT_TRUE(again.error().text().starts_with("desk has 1 patient notices of "))
      << again.error().text();
}

TEST_F(LocalApiTest, AnOwnNoticeIsShownAtEachStage) {
  applications_[0].read.clear();  // To publish a kind is enough to see one's own.
  const v1::PublishRequest request = publishable();
  const std::string notice = publish(request).publish().notice();
  const auto queued = show_prefix(notice);
  ASSERT_EQ(said(queued), "good");
  EXPECT_EQ(queued.show().stage(), v1::STAGE_QUEUED);
  EXPECT_TRUE(queued.show().item().own());
  EXPECT_FALSE(queued.show().item().logged());
  EXPECT_EQ(queued.show().item().text(), request.text());
  EXPECT_EQ(queued.show().envelope(), "");

  const std::string envelope = sign_and_log(request.notice_id());
  EXPECT_EQ(show_prefix(notice).show().envelope(), envelope);
  EXPECT_EQ(show_prefix(notice).show().leaf(), "");
  mark_logged(request.notice_id());
  const auto logged = show_prefix(notice);
  ASSERT_EQ(said(logged), "good");
  EXPECT_EQ(logged.show().stage(), v1::STAGE_LOGGED);
  EXPECT_EQ(logged.show().item().index(), log_.size() - 1);
  EXPECT_EQ(logged.show().item().key_id(), as_view(test::signing_public("BY node 1 signing").id()));
  EXPECT_EQ(must(ledger::parse_leaf(as_bytes(logged.show().leaf()))).entry,
            exchange_.parse(envelope).entry);
}

// C-137: the first stamping was logged, and the answer was lost; the outbox holds a second one.
TEST_F(LocalApiTest, AnOwnNoticeIsShownAsItWasLoggedAndNotAsItWasStampedLast) {
  const v1::PublishRequest request = publishable();
  const std::string notice = publish(request).publish().notice();
  const std::string logged = sign_and_log(request.notice_id());
  EXPECT_EQ(deliver(log_.size() - 1, logged), std::nullopt);
  must(store_->mark_queued(request.notice_id(), {ErrorCode::kStaleDirectory, ""}));
  mark_logged(request.notice_id());
  const auto shown = show_prefix(notice);
  ASSERT_EQ(said(shown), "good");
  EXPECT_EQ(shown.show().envelope(), logged);
}

TEST_F(LocalApiTest, AGarbledDeliveryOfAnOwnNoticeTakesNothingFromIt) {
  const v1::PublishRequest request = publishable();
  ASSERT_EQ(said(publish(request)), "good");
  static_cast<void>(sign_and_log(request.notice_id()));
  mark_logged(request.notice_id());  // The hub's Accepted, and the leaf matches.
  EXPECT_EQ(deliver(log_.size() - 1, "garbage of the hub"), std::nullopt);  // Void, kept.
  v1::LocalRequest show;
  show.mutable_show()->set_notice_id(request.notice_id());
  EXPECT_EQ(outcome(api().handle("peer", "desk", show.SerializeAsString(), context())), "good");
}

TEST_F(LocalApiTest, ValuesThatCannotBeSignedGetNoTicket) {
  v1::PublishRequest request = publishable();
  request.set_precedence(static_cast<v1::Precedence>(99));
  EXPECT_EQ(said(publish(request)), "malformed");
}

// Failures of the store end the process, and nothing is answered.

class StoreFailureTest : public InboxTest {
 protected:
  std::string ending(const v1::LocalRequest& request) {
    const Result<void> handled =
        api().handle("peer", "desk", request.SerializeAsString(), context());
    EXPECT_TRUE(api().take_replies().empty());
    return outcome(handled);
  }
  void tamper_inside(const std::string& sql) {
    api_.reset();
    tamper(sql);
  }
};

TEST_F(StoreFailureTest, ADamagedInboxIsNoAnswer) {
  tamper_inside(last_byte_of("inbox", "draft"));
  v1::LocalRequest inbox;
  inbox.mutable_inbox();
  EXPECT_EQ(ending(inbox), "store-damaged");
  inbox.mutable_inbox()->set_last(1);
  EXPECT_EQ(ending(inbox), "store-damaged");
  v1::LocalRequest show;
  show.mutable_show()->set_notice(to_string(exchange_.parse(envelopes_[0]).notice));
  EXPECT_EQ(ending(show), "store-damaged");
}

TEST_F(StoreFailureTest, AnEnvelopeThatIsNotTheLoggedOneIsNoAnswer) {
  v1::LocalRequest show;
  show.mutable_show()->set_notice(to_string(exchange_.parse(envelopes_[0]).notice));
  tamper_inside(last_byte_of("received", "envelope"));
  EXPECT_EQ(ending(show), "store-damaged");
  tamper_inside("UPDATE received SET envelope = x'ff'");
  EXPECT_EQ(ending(show), "store-damaged");
}

// C-109: good bytes of the same notice, but not the ones that its leaf names.
TEST_F(StoreFailureTest, AnEnvelopeThatWasExchangedForAnotherOfItsNoticeIsNoAnswer) {
  const v1::Draft draft = exchange_.draft("AM", {"BY"}, "contact");
  const std::string first = exchange_.sign(exchange_.clear(draft, ""), "AM node 1 signing");
  const std::string second = exchange_.sign(exchange_.clear(draft, ""), "AM node 1 signing");
  ASSERT_EQ(receive(first), 8U);
  ASSERT_EQ(receive(second), std::nullopt);
  commit();
  v1::LocalRequest show;
  show.mutable_show()->set_notice(to_string(exchange_.parse(first).notice));
  const std::string last = "(SELECT max(idx) FROM received)";
  tamper_inside("UPDATE received SET envelope = (SELECT envelope FROM received WHERE idx = " +
                last + ") WHERE idx = " + last + " - 1");
  EXPECT_EQ(ending(show), "store-damaged");
}

TEST_F(StoreFailureTest, ADamagedOutboxIsNoAnswer) {
  const v1::PublishRequest request = publishable();
  ASSERT_EQ(said(publish(request)), "good");
  commit();
  tamper_inside(last_byte_of("outbox_content", "draft"));
  v1::LocalRequest again;
  *again.mutable_publish() = request;
  EXPECT_EQ(ending(again), "store-damaged");
  v1::LocalRequest await;
  await.mutable_await()->set_notice_id(request.notice_id());
  EXPECT_EQ(ending(await), "store-damaged");
}

TEST_F(StoreFailureTest, AWriteThatFailsIsNoAnswer) {
  tamper_inside(
      "CREATE TRIGGER refuse BEFORE INSERT ON cursor BEGIN SELECT RAISE(FAIL, 'no'); END; "
      "ALTER TABLE outbox RENAME COLUMN notice_id TO other; DELETE FROM inbox WHERE arrival = 1");
  v1::LocalRequest cursor;
  cursor.mutable_cursor()->set_cursor("main");
  cursor.mutable_cursor()->set_arrival(2);
  EXPECT_EQ(ending(cursor), "io");  // Whatever a write fails with, the process starts over.
  v1::LocalRequest publish;
  *publish.mutable_publish() = publishable();
  EXPECT_EQ(ending(publish), "store-damaged");
}

}  // namespace
}  // namespace chancery::node
