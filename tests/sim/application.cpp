#include "tests/sim/application.h"

#include <algorithm>
#include <utility>

#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/strict.h"

namespace chancery::sim {
namespace {

constexpr Micros kAnswerWithin = 5 * kSecond;
constexpr std::uint32_t kPageItems = 20;
constexpr std::uint64_t kWaitMs = 3'000;
constexpr Micros kAskAfterError = 500 * kMillisecond;
constexpr std::uint64_t kForgetsPpm = 50'000;
constexpr std::uint64_t kGivesBackPpm = 100'000;  // Of pages, one of its notices …
constexpr std::uint64_t kGivesUpPpm = 300'000;    // … of which for good.
constexpr std::uint64_t kDelayMsMax = 20'000;
constexpr std::uint64_t kExpiresWithinMs = 60'000;

v1::Precedence draw_precedence(Random& random) {
  const std::uint64_t number = random.below(100);
  return number < 70   ? v1::PRECEDENCE_ROUTINE
         : number < 85 ? v1::PRECEDENCE_PRIORITY
         : number < 95 ? v1::PRECEDENCE_IMMEDIATE
                       : v1::PRECEDENCE_FLASH;
}

}  // namespace

std::string text_of(const Submission& submission) {
  return submission.text.empty() ? test::TestExchange::text_of(submission.subject, submission.kind)
                                 : submission.text;
}

Publisher::Publisher(Surroundings& around, NodeMachine& node, std::vector<std::string> members,
                     const Workload& workload, Random random)
    : around_(around),
      node_(node),
      others_(std::move(members)),
      workload_(workload),
      random_(random) {
  std::erase(others_, node_.member());
}

void Publisher::start() {
  around_.scheduler.after(random_.below(workload_.pause_max), [this] { burst(); });
}

void Publisher::burst() {
  if (finishing_) {
    return;
  }
  if (waiting_.empty()) {
    const bool floods = workload_.flood_ppm > 0 && random_.chance(workload_.flood_ppm);
    const std::uint64_t count =
        random_.between(1, floods ? workload_.flood_max : workload_.burst_max);
    const std::vector<std::string> recipients = [&] {
      std::vector<std::string> some;
      for (const std::string& other : others_) {
        if (random_.chance(600'000)) {
          some.push_back(other);
        }
      }
      return some.empty() ? std::vector{others_[random_.below(others_.size())]} : some;
    }();
    for (std::uint64_t i = 0; i < count; ++i) {
      Submission submission = make();
      submission.recipients = recipients;
      waiting_.push_back(submissions_.size());
      submissions_.push_back(std::move(submission));
    }
    around_.trace.tell(node_.name(), "'s application publishes " + std::to_string(count));
    const std::string& last = submissions_.back().subject;
    around_.trace.remark(
        node_.name(),
        count == 1 ? "'s notice: " + last
                   : "'s notices: " + submissions_[waiting_.front()].subject + " to " + last);
    ask_all();
  }
  start();
}

std::size_t Publisher::submit(std::string kind, std::vector<std::string> recipients,
                              std::string text) {
  Submission submission = make();
  submission.kind = std::move(kind);
  submission.recipients = std::move(recipients);
  submission.text = std::move(text);
  submission.expires_at_ms = 0;
  waiting_.push_back(submissions_.size());
  submissions_.push_back(std::move(submission));
  ask_all();
  return submissions_.size() - 1;
}

Submission Publisher::make() {
  const std::uint64_t number = next_id_++;
  const std::uint64_t expires_at_ms =
      random_.chance(workload_.expires_ppm)
          ? node_.unix_us() / 1000 + random_.between(1, kExpiresWithinMs)
          : 0;
  return {.origin = node_.member(),
          .node = node_.name(),
          .number = number,
          .notice_id = test::seeded_uuid(node_.name() + " notice", number),
          .subject = node_.name() + " " + std::to_string(number),
          .precedence = draw_precedence(random_),
          .kind = random_.chance(workload_.contact_ppm) ? "contact" : "threat.alert",
          .recipients = {},
          .expires_at_ms = expires_at_ms,
          .asked_first = around_.scheduler.now()};
}

void Publisher::ask(std::size_t number) {
  Submission& submission = submissions_[number];
  ++submission.asked_count;
  v1::LocalRequest request;
  request.set_request_id(number + 1);
  v1::PublishRequest& publish = *request.mutable_publish();
  publish.set_notice_id(submission.notice_id);
  publish.set_kind(submission.kind);
  publish.set_expires_at_ms(submission.expires_at_ms);
  publish.set_status(v1::STATUS_ACTUAL);
  publish.set_precedence(submission.precedence);
  for (const std::string& recipient : submission.recipients) {
    v1::Recipient& to = *publish.add_recipients();
    to.set_member(recipient);
    to.set_role(v1::RECIPIENT_ROLE_ACTION);
  }
  publish.set_text(text_of(submission));
  submission.newest_ms = std::max(submission.newest_ms, node_.unix_us() / 1000);
  node_.request("publisher", request.SerializeAsString());
}

void Publisher::ask_all() {
  for (const std::size_t number : waiting_) {
    ask(number);
  }
  const std::uint64_t round = ++round_;
  around_.scheduler.after(kAnswerWithin, [this, round] { look_again(round); });
}

void Publisher::look_again(std::uint64_t round) {
  if (round != round_ || waiting_.empty()) {
    return;
  }
  if (!finishing_ && random_.chance(workload_.abandon_ppm)) {
    waiting_.clear();
    return;
  }
  ask_all();
}

void Publisher::take_reply(const v1::LocalReply& reply) {
  const auto found = std::ranges::find(waiting_, reply.request_id() - 1);
  if (found == waiting_.end()) {
    return;  // Late: it was answered before, or given up.
  }
  Submission& submission = submissions_[*found];
  if (reply.has_publish()) {
    submission.told = Told::kQueued;
    submission.notice = reply.publish().notice();
  } else if (reply.has_error()) {
    const std::optional<ErrorCode> code = error_code_from_wire(reply.error().code());
    if (code.has_value() && error_info(*code).retry == Retry::kRetryable) {
      return;  // Asked again with the others.
    }
    around_.trace.tell(node_.name(), "'s application is refused: " + reply.error().text());
    // By a clock that may go back before its node looks at the same request once more.
    const bool may_be_taken_yet = code == ErrorCode::kExpired && submission.asked_count > 1;
    submission.told = may_be_taken_yet ? Told::kNothing : Told::kRefused;
  } else {
    return;
  }
  submission.told_at = around_.scheduler.now();
  submission.newest_ms = std::max(submission.newest_ms, node_.unix_us() / 1000);
  waiting_.erase(found);
}

void Publisher::look_up_refused(node::NodeStore& store) {
  for (Submission& submission : submissions_) {
    const bool needs_voice = submission.kind.starts_with("consultation.");
    if ((submission.expires_at_ms == 0 && !needs_voice) || submission.told != Told::kQueued) {
      continue;
    }
    const auto row = test::must(store.find_outbox(submission.notice_id));
    submission.was_aside = row.has_value() && row->was_aside;
    if (!row.has_value() || row->stage != node::OutboxStage::kRefused) {
      continue;
    }
    if (row->code == static_cast<std::uint32_t>(ErrorCode::kExpired)) {
      submission.told = Told::kExpired;
    } else if (needs_voice && row->code == static_cast<std::uint32_t>(ErrorCode::kNoVoice)) {
      submission.told = Told::kUnvoiced;
    }
  }
}

Reader::Reader(Surroundings& around, NodeMachine& node, Random random)
    : around_(around), node_(node), random_(random) {}

void Reader::send(v1::LocalRequest request) {
  awaited_ = next_request_++;
  request.set_request_id(awaited_);
  node_.request("reader", request.SerializeAsString());
  ask_again_after(kAnswerWithin);
}

// Where nobody answers until then, it begins anew from its cursor.
void Reader::ask_again_after(Micros delay) {
  around_.scheduler.after(delay, [this, awaited = awaited_] {
    if (awaited == awaited_) {
      ask();
    }
  });
}

void Reader::ask() {
  v1::LocalRequest request;
  if (finishing_ && !redriven_) {
    request.mutable_redrive()->set_cursor("reader");
    request.mutable_redrive()->set_all(true);
    send(std::move(request));
    return;
  }
  request.mutable_inbox()->set_cursor("reader");
  request.mutable_inbox()->set_limit(kPageItems);
  request.mutable_inbox()->set_wait_ms(kWaitMs);
  send(std::move(request));
}

void Reader::acknowledge() {
  v1::LocalRequest request;
  *request.mutable_cursor() = done_;
  send(std::move(request));
}

void Reader::give_back(const v1::InboxItem& item) {
  v1::LocalRequest request;
  v1::NackRequest& nack = *request.mutable_nack();
  nack.set_cursor("reader");
  nack.add_notices()->set_arrival(item.arrival());
  nack.mutable_notices(0)->set_attempts(item.attempts());
  nack.set_delay_ms(random_.below(kDelayMsMax));
  nack.set_quarantine(random_.chance(kGivesUpPpm));
  send(std::move(request));
}

void Reader::take_reply(const v1::LocalReply& reply) {
  if (reply.request_id() != awaited_) {
    return;
  }
  if (reply.has_inbox()) {
    take_page(reply.inbox());
    return;
  }
  if (reply.has_error()) {
    ask_again_after(kAskAfterError);
    return;
  }
  if (reply.has_nack()) {
    acknowledge();
    return;
  }
  if (reply.has_cursor()) {
    acknowledged_ = {.patient = reply.cursor().arrival(),
                     .urgent = reply.cursor().arrival_urgent()};
  }
  redriven_ = redriven_ || reply.has_redrive();
  ask();
}

void Reader::tell(const v1::InboxReply& page) const {
  if (!around_.trace.tells() || page.items().empty()) {
    return;
  }
  std::string names;
  for (const v1::InboxItem& item : page.items()) {
    v1::Text text;
    const bool readable = item.erased_at_ms() == 0 && text.ParseFromString(item.text());
    names += (names.empty() ? " " : ", ") + (readable ? text.subject() : "one that was erased") +
             (item.redelivered() ? " (again)" : "");
  }
  around_.trace.remark(node_.name(), "'s reader is shown" + names);
}

void Reader::take_page(const v1::InboxReply& page) {
  tell(page);
  done_.Clear();
  done_.set_cursor("reader");
  done_.set_arrival(page.next_after());
  done_.set_arrival_urgent(page.next_after_urgent());
  for (const v1::InboxItem& item : page.items()) {
    v1::Draft draft;
    if (!draft.ParseFromString(item.draft())) {
      around_.violation(node_.name() + " shows a notice that does not parse");
      continue;
    }
    if (item.attempts() > 0) {
      v1::Attempt& done = *done_.add_done();
      done.set_arrival(item.arrival());
      done.set_attempts(item.attempts());
    }
    if (!handed_.insert(item.arrival()).second && !item.redelivered() &&
        !unmarked_.contains(item.arrival())) {
      around_.violation("P2: " + node_.name() + " hands out arrival " +
                        std::to_string(item.arrival()) + " a second time, and says it does not");
    }
    if (page.unmarked()) {
      unmarked_.insert(item.arrival());
    }
    const std::uint64_t acknowledged = acknowledged_[exchange::lane_of(draft.precedence())];
    readings_.push_back({.arrival = item.arrival(),
                         .notice = item.notice(),
                         .draft = std::move(draft),
                         .text = item.text(),
                         .erased = item.erased_at_ms() != 0,
                         .given_back = item.attempts() > 0,
                         .acknowledged = acknowledged});
  }
  if (page.items().empty() || random_.chance(kForgetsPpm)) {
    ask();
  } else if (!finishing_ && random_.chance(kGivesBackPpm)) {
    const auto which = random_.below(static_cast<std::uint64_t>(page.items_size()));
    give_back(page.items(static_cast<int>(which)));
  } else {
    acknowledge();
  }
}

}  // namespace chancery::sim
