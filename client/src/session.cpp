#include "client/src/session.h"

#include <algorithm>
#include <array>
#include <deque>
#include <future>
#include <thread>
#include <utility>

#include "client/src/convert.h"
#include "client/src/errors.h"
#include "core/base/code_point.h"
#include "core/base/encoding.h"
#include "core/exchange/completeness.h"
#include "core/exchange/kind_check.h"
#include "io/os/clock.h"
#include "io/os/random.h"
#include "io/text/json.h"

namespace chancery::client {
namespace {

using std::chrono::milliseconds;

// A wait is asked in slices, so that an answer that was lost costs one slice and not the whole.
constexpr milliseconds kSliceMax{20000};
constexpr milliseconds kAnswerGrace{500};  // For the node's answer to a slice to travel.
constexpr milliseconds kWaitMax = std::chrono::hours(24 * 3660);
constexpr milliseconds kTurnMin{100};  // A node that answers at once is not asked in a loop.

chancery::Error wrong_answer() {
  return {ErrorCode::kMalformed, "the node answered something that was not asked"};
}

[[noreturn]] void throw_wrong_answer() {
  throw Error(parts_of(wrong_answer()));
}

v1::LocalReply good_or_throw(Result<v1::LocalReply> answer) {
  v1::LocalReply reply = value_or_throw(std::move(answer));
  if (reply.has_error()) {
    throw Error(parts_of(reply.error()));
  }
  return reply;
}

v1::LocalReply ask(Link& link, v1::LocalRequest request, milliseconds timeout) {
  return good_or_throw(link.call(std::move(request), timeout));
}

bool is_not_found(const v1::LocalReply& reply) {
  return reply.has_error() && reply.error().code() == std::to_underlying(ErrorCode::kNotFound);
}

template <class Answer>  // Outcome, OutboxEntry
void explain(Answer& answer, const ErrorParts& parts) {
  answer.code = parts.name;
  answer.text = parts.text;
  answer.detail = parts.detail;
  answer.remedy = parts.remedy;
}

// A subject of another may be longer than one's own may be, and longer still with a word before it.
std::string subject_of(std::string text) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < exchange::kSubjectCharactersMax && size < text.size(); ++i) {
    size += first_code_point(std::string_view(text).substr(size)).size;
  }
  text.resize(size);
  return text;
}

// What the node says of a notice: nothing where it has nothing to say.
template <class Answer>
void explain(Answer& answer, std::uint32_t code, const std::string& text) {
  if (code != 0) {
    v1::ErrorReply reason;
    reason.set_code(code);
    reason.set_text(text);
    explain(answer, parts_of(reason));
  }
}

Outcome outcome_of(const v1::AwaitReply& reply, Stage wanted) {
  Outcome outcome;
  outcome.stage = stage_from(reply.stage());
  outcome.index = reply.index();
  if (reply.accepted_at_ms() != 0) {
    outcome.accepted_at = time_from_ms(reply.accepted_at_ms());
  }
  if (outcome.stage == Stage::kRefused) {
    outcome.verdict = Verdict::kRefused;
  } else if (outcome.stage >= wanted) {
    outcome.verdict = Verdict::kReached;
  }
  explain(outcome, reply.code(), reply.text());
  return outcome;
}

// What was decided of a notice, and what it came to.
Outcome decided(Link& link, v1::LocalRequest request) {
  const v1::LocalReply reply = ask(link, std::move(request), link.options().request_timeout);
  if (!reply.has_await()) {
    throw_wrong_answer();
  }
  return outcome_of(reply.await(), Stage::kQueued);
}

PublishResult published_or_why_not(const std::string& id, const Result<v1::LocalReply>& reply) {
  ErrorParts parts;
  if (!reply.has_value()) {
    parts = parts_of(reply.error());
  } else if (reply->has_error()) {
    parts = parts_of(reply->error());
  } else if (!reply->has_publish()) {
    parts = parts_of(wrong_answer());
  } else {
    const auto& recipients = reply->publish().recipients();
    return Published{.id = id,
                     .notice = hex(as_bytes(reply->publish().notice())),
                     .recipients = {recipients.begin(), recipients.end()}};
  }
  parts.notice_id = id;
  return parts;
}

Published published_or_throw(PublishResult result) {
  if (const auto* const why_not = std::get_if<ErrorParts>(&result)) {
    throw Error(*why_not);
  }
  return std::get<Published>(std::move(result));
}

// Where a cursor stands after a request.
Position moved(Link& link, v1::LocalRequest request) {
  const v1::LocalReply reply = ask(link, std::move(request), link.options().request_timeout);
  if (!reply.has_cursor()) {
    throw_wrong_answer();
  }
  return {reply.cursor().arrival(), reply.cursor().arrival_urgent()};
}

// Of a list the node gives the subject alone, which is not judged.
Notice listed(const v1::InboxItem& item) {
  Notice notice = value_or_throw(notice_from(item));
  notice.content_json.clear();
  notice.problems.clear();
  return notice;
}

OutboxEntry entry_of(const v1::OutboxItem& item) {
  OutboxEntry entry;
  entry.notice = listed(item.item());
  entry.number = item.number();
  entry.stage = stage_from(item.stage());
  entry.sent = item.sent();
  entry.aside = item.aside();
  entry.application = item.application();
  explain(entry, item.code(), item.text());
  return entry;
}

Deferral deferral_of(const v1::Deferral& given) {
  Deferral deferral;
  deferral.arrival = given.arrival();
  deferral.attempts = given.attempts();
  deferral.due_at = time_from_ms(given.due_at_ms());
  if (given.quarantined_at_ms() != 0) {
    deferral.quarantined_at = time_from_ms(given.quarantined_at_ms());
  }
  deferral.reason = given.reason();
  return deferral;
}

void write(const Attempt& attempt, v1::Attempt& out) {
  out.set_arrival(attempt.arrival);
  out.set_attempts(attempt.attempts);
}

// A wait for a stage, slice by slice.
class Wait {
 public:
  Wait(const std::string& id, Stage stage, milliseconds timeout)
      : stage_(stage), end_(os::steady_now() + std::clamp(timeout, milliseconds(0), kWaitMax)) {
    request_.mutable_await()->set_notice_id(value_or_throw(from_uuid_text(id)));
    request_.mutable_await()->set_stage(static_cast<v1::Stage>(std::to_underlying(stage)));
  }

  [[nodiscard]] Link::Asked next_slice() {
    begun_ = os::steady_now();
    const auto left = std::max(std::chrono::floor<milliseconds>(end_ - begun_), milliseconds(0));
    const milliseconds slice = std::min(left, kSliceMax);
    request_.mutable_await()->set_timeout_ms(static_cast<std::uint64_t>(slice.count()));
    return {.request = request_, .timeout = slice + kAnswerGrace};
  }
  // Whether the answer to the slice ends it, too.
  bool take(Result<v1::LocalReply> answer) {
    try {
      const v1::LocalReply reply = good_or_throw(std::move(answer));
      if (!reply.has_await()) {
        throw_wrong_answer();
      }
      known_ = outcome_of(reply.await(), stage_);
    } catch (const Error& error) {
      if (!error.retryable()) {
        throw;
      }
      explain(known_, error.parts());
    }
    return known_.verdict != Verdict::kUnknown || os::steady_now() >= end_;
  }
  void sleep() const { std::this_thread::sleep_until(std::min(begun_ + kTurnMin, end_)); }

  [[nodiscard]] Outcome outcome() const {
    Outcome known = known_;
    if (known.verdict == Verdict::kUnknown && known.code.empty()) {
      explain(known, parts_of(chancery::Error{ErrorCode::kUnknownOutcome, ""}));
    }
    return known;
  }

 private:
  Stage stage_;
  std::chrono::steady_clock::time_point end_;
  std::chrono::steady_clock::time_point begun_;
  v1::LocalRequest request_;
  Outcome known_;
};

// To its end; the answer to its first slice may be on its way.
Outcome wait_to_end(Link& link, Wait& wait,
                    std::optional<std::future<Result<v1::LocalReply>>> first) {
  const auto answer = [&]() -> Result<v1::LocalReply> {
    if (first.has_value()) {
      return std::exchange(first, std::nullopt)->get();
    }
    const Link::Asked slice = wait.next_slice();
    return link.call(slice.request, slice.timeout);
  };
  while (!wait.take(answer())) {
    wait.sleep();
  }
  return wait.outcome();
}

Page page_of(Link& link, v1::InboxRequest inbox, milliseconds wait) {
  v1::LocalRequest request;
  *request.mutable_inbox() = std::move(inbox);
  const milliseconds timeout = link.options().request_timeout + std::max(wait, milliseconds(0));
  const v1::LocalReply reply = ask(link, std::move(request), timeout);
  if (!reply.has_inbox()) {
    throw_wrong_answer();
  }
  Page page;
  page.next = {reply.inbox().next_after(), reply.inbox().next_after_urgent()};
  page.unmarked = reply.inbox().unmarked();
  page.notices.reserve(static_cast<std::size_t>(reply.inbox().items_size()));
  for (const v1::InboxItem& item : reply.inbox().items()) {
    page.notices.push_back(value_or_throw(notice_from(item)));
  }
  return page;
}

}  // namespace

std::string make_notice_id() {
  std::array<std::uint8_t, 10> random{};
  os::fill_random(random);
  return uuid_text(as_bytes(make_uuid_v7(os::unix_ms(), random)));
}

Session::Session(const Options& options) : link_(value_or_throw(Link::open(options))) {}

void Session::close() {
  link_->close();
}

Published Session::publish(Draft draft) {
  return published_or_throw(std::move(publish_batch({std::move(draft)}).front()));
}

Published Session::acknowledge(const std::string& name, Stage level, const std::string& remark) {
  const Notice notice = show(name).notice;
  if (notice.own) {
    throw Error(parts_of(
        chancery::Error{ErrorCode::kBadArgument, "a notice of one's own: others acknowledge it"}));
  }
  const bool is_read = level == Stage::kRead;
  Draft draft;
  draft.kind = std::string(exchange::kAcknowledgementKind);
  draft.status = status_from(notice.status);
  draft.precedence = precedence_from(notice.precedence);
  draft.label = notice.label;
  draft.to = {notice.origin};
  draft.subject = subject_of((is_read ? "Read: " : "Actioned: ") + notice.subject);
  draft.in_reply_to = notice.notice;
  text::Json content{
      {"notice", base64(as_bytes(value_or_throw(from_hex(notice.notice))))},
      {"level", is_read ? "ACKNOWLEDGEMENT_LEVEL_READ" : "ACKNOWLEDGEMENT_LEVEL_ACTIONED"}};
  if (!remark.empty()) {
    content["remark"] = remark;
  }
  draft.content_json = text::dump(content);
  return publish(std::move(draft));
}

// Half of the requests that may be under way: other threads go on meanwhile.
std::vector<PublishResult> Session::publish_batch(
    std::vector<std::variant<Draft, ErrorParts>> drafts) {
  struct UnderWay {
    std::size_t at;
    std::string id;
    std::future<Result<v1::LocalReply>> answer;
  };
  const std::size_t most = std::max<std::size_t>(1, link_->options().request_count_max / 2);
  std::vector<PublishResult> results(drafts.size());
  std::deque<UnderWay> under_way;
  const auto settle = [&](std::size_t at, const std::string& id,
                          const Result<v1::LocalReply>& reply) {
    results[at] = published_or_why_not(id, reply);
  };
  const auto settle_oldest = [&] {
    UnderWay oldest = std::move(under_way.front());
    under_way.pop_front();
    settle(oldest.at, oldest.id, oldest.answer.get());
  };
  for (std::size_t at = 0; at < drafts.size(); ++at) {
    if (auto* const unread = std::get_if<ErrorParts>(&drafts[at])) {
      results[at] = std::move(*unread);
      continue;
    }
    auto& draft = std::get<Draft>(drafts[at]);
    draft.id = draft.id.empty() ? make_notice_id() : draft.id;
    auto publish = publish_request(draft);
    if (!publish.has_value()) {
      settle(at, draft.id, std::unexpected(publish.error()));
      continue;
    }
    v1::LocalRequest request;
    *request.mutable_publish() = *std::move(publish);
    if (under_way.size() >= most) {
      settle_oldest();
    }
    auto begun = link_->begin(request, link_->options().request_timeout);
    while (!begun.has_value() && begun.error().code == ErrorCode::kQueueFull &&
           !under_way.empty()) {
      settle_oldest();
      begun = link_->begin(request, link_->options().request_timeout);
    }
    if (begun.has_value()) {
      under_way.push_back({at, draft.id, *std::move(begun)});
    } else {
      settle(at, draft.id, std::unexpected(begun.error()));
    }
  }
  if (!under_way.empty()) {
    under_way.back().answer.wait();  // Woken once, not for each before it.
  }
  while (!under_way.empty()) {
    settle_oldest();
  }
  return results;
}

Outcome Session::wait(const std::string& id, Stage stage, milliseconds timeout) {
  Wait wait(id, stage, timeout);
  return wait_to_end(*link_, wait, std::nullopt);
}

// Both requests are on their way before the first is answered: the node knows the notice by the
// time it takes the second. Its answer is waited for first, so the caller is woken once.
std::pair<Published, Outcome> Session::publish_until(Draft draft, Stage stage,
                                                     milliseconds timeout) {
  draft.id = draft.id.empty() ? make_notice_id() : draft.id;
  const auto refuse = [&draft](const chancery::Error& error) {
    throw Error(std::get<ErrorParts>(published_or_why_not(draft.id, std::unexpected(error))));
  };
  Result<v1::PublishRequest> publish_it = publish_request(draft);
  if (!publish_it.has_value()) {
    refuse(publish_it.error());
  }
  v1::LocalRequest request;
  *request.mutable_publish() = *std::move(publish_it);
  Wait wait(draft.id, stage, timeout);
  auto begun = link_->begin_both({.request = request, .timeout = link_->options().request_timeout},
                                 wait.next_slice());
  if (!begun.has_value() && begun.error().code != ErrorCode::kQueueFull) {
    refuse(begun.error());
  }
  std::pair<Published, Outcome> done;
  std::optional<std::future<Result<v1::LocalReply>>> first;
  if (begun.has_value()) {
    first = std::move(begun->back());
    first->wait();
    done.first = published_or_throw(published_or_why_not(draft.id, begun->front().get()));
  } else {
    done.first = publish(std::move(draft));  // There may be room for one at a time.
  }
  try {
    done.second = wait_to_end(*link_, wait, std::move(first));
  } catch (const Error& error) {
    explain(done.second, error.parts());
  }
  return done;
}

Page Session::page(const std::string& cursor, const InboxQuery& query) {
  v1::InboxRequest request = value_or_throw(inbox_request(query));
  request.set_cursor(cursor);
  return page_of(*link_, std::move(request), query.wait);
}

Position Session::commit(const std::string& cursor, const Position& done) {
  return ack(cursor, {.next = done, .notices = {}});
}

Position Session::ack(const std::string& cursor, const PageDone& done) {
  v1::LocalRequest request;
  request.mutable_cursor()->set_cursor(cursor);
  request.mutable_cursor()->set_arrival(done.next.arrival);
  request.mutable_cursor()->set_arrival_urgent(done.next.arrival_urgent);
  for (const Attempt& attempt : done.notices) {
    if (attempt.attempts > 0) {  // Of the others the cursor says it.
      write(attempt, *request.mutable_cursor()->add_done());
    }
  }
  return moved(*link_, std::move(request));
}

std::vector<Deferral> Session::nack(const std::string& cursor, const NackOrder& order) {
  v1::LocalRequest request;
  v1::NackRequest& nack = *request.mutable_nack();
  nack.set_cursor(cursor);
  for (const Attempt& attempt : order.notices) {
    write(attempt, *nack.add_notices());
  }
  nack.set_delay_ms(static_cast<std::uint64_t>(order.how.delay.count()));
  nack.set_attempts_max(order.how.attempts_max);
  nack.set_quarantine(order.how.quarantine);
  nack.set_reason(order.how.reason);
  const v1::LocalReply reply = ask(*link_, std::move(request), link_->options().request_timeout);
  if (!reply.has_nack()) {
    throw_wrong_answer();
  }
  std::vector<Deferral> all;
  for (const v1::Deferral& each : reply.nack().deferrals()) {
    all.push_back(deferral_of(each));
  }
  return all;
}

DeferredPage Session::deferred(const std::string& cursor, const DeferredQuery& query) {
  v1::LocalRequest request;
  v1::DeferredRequest& deferred = *request.mutable_deferred();
  deferred.set_cursor(cursor);
  deferred.set_after(query.after);
  deferred.set_limit(query.limit);
  deferred.set_waiting(query.waiting);
  deferred.set_quarantined(query.quarantined);
  const v1::LocalReply reply = ask(*link_, std::move(request), link_->options().request_timeout);
  if (!reply.has_deferred()) {
    throw_wrong_answer();
  }
  DeferredPage page;
  for (const v1::DeferredItem& item : reply.deferred().items()) {
    page.entries.push_back({listed(item.item()), deferral_of(item.deferral())});
  }
  page.next_after = reply.deferred().next_after();
  page.last = reply.deferred().last();
  return page;
}

std::uint64_t Session::redrive(const std::string& cursor, const RedriveOrder& order) {
  v1::LocalRequest request;
  request.mutable_redrive()->set_cursor(cursor);
  request.mutable_redrive()->set_all(order.all);
  for (const std::uint64_t arrival : order.arrivals) {
    request.mutable_redrive()->add_notices()->set_arrival(arrival);
  }
  const v1::LocalReply reply = ask(*link_, std::move(request), link_->options().request_timeout);
  if (!reply.has_redrive()) {
    throw_wrong_answer();
  }
  return reply.redrive().count();
}

Position Session::reset(const std::string& cursor, const Position& to) {
  v1::LocalRequest request;
  request.mutable_reset()->set_cursor(cursor);
  request.mutable_reset()->set_arrival(to.arrival);
  request.mutable_reset()->set_arrival_urgent(to.arrival_urgent);
  return moved(*link_, std::move(request));
}

Cursors Session::cursors() {
  v1::LocalRequest request;
  request.mutable_cursors();
  const v1::LocalReply reply = ask(*link_, std::move(request), link_->options().request_timeout);
  if (!reply.has_cursors()) {
    throw_wrong_answer();
  }
  Cursors all;
  for (const v1::CursorState& each : reply.cursors().cursors()) {
    all.cursors.push_back({each.cursor(), {each.arrival(), each.arrival_urgent()}});
  }
  all.newest_arrival = reply.cursors().newest_arrival();
  return all;
}

OutboxPage Session::outbox(const OutboxQuery& query) {
  v1::LocalRequest request;
  request.mutable_outbox()->set_after(query.after);
  request.mutable_outbox()->set_limit(query.limit);
  const auto asks = [&](Stage stage) {
    return std::ranges::find(query.stages, stage) != query.stages.end();
  };
  request.mutable_outbox()->set_queued(asks(Stage::kQueued));
  request.mutable_outbox()->set_logged(asks(Stage::kLogged));
  request.mutable_outbox()->set_refused(asks(Stage::kRefused));
  const v1::LocalReply reply = ask(*link_, std::move(request), link_->options().request_timeout);
  if (!reply.has_outbox()) {
    throw_wrong_answer();
  }
  OutboxPage page;
  for (const v1::OutboxItem& item : reply.outbox().items()) {
    page.entries.push_back(entry_of(item));
  }
  page.next_after = reply.outbox().next_after();
  page.last = reply.outbox().last();
  return page;
}

Outcome Session::cancel(const std::string& id) {
  v1::LocalRequest request;
  request.mutable_cancel()->set_notice_id(value_or_throw(from_uuid_text(id)));
  return decided(*link_, std::move(request));
}

Outcome Session::retry(const std::string& id) {
  v1::LocalRequest request;
  request.mutable_retry()->set_notice_id(value_or_throw(from_uuid_text(id)));
  return decided(*link_, std::move(request));
}

Details Session::show(const std::string& name) {
  v1::LocalReply reply;
  for (v1::ShowRequest& show : value_or_throw(show_requests(name))) {
    v1::LocalRequest request;
    *request.mutable_show() = std::move(show);
    reply = value_or_throw(link_->call(std::move(request), link_->options().request_timeout));
    if (!is_not_found(reply)) {
      break;
    }
  }
  if (reply.has_error()) {
    throw Error(parts_of(reply.error()));
  }
  if (!reply.has_show()) {
    throw_wrong_answer();
  }
  Details details;
  details.notice = value_or_throw(notice_from(reply.show().item()));
  details.stage = stage_from(reply.show().stage());
  details.envelope = reply.show().envelope();
  details.d = hex(as_bytes(reply.show().d()));
  details.leaf = hex(as_bytes(reply.show().leaf()));
  for (const v1::RecipientStage& said : reply.show().recipients()) {
    details.recipient_stages.push_back({.member = said.member(),
                                        .stage = stage_from(said.stage()),
                                        .at = time_from_ms(said.accepted_at_ms()),
                                        .index = said.index()});
  }
  return details;
}

Stats Session::stats() const {
  return link_->stats();
}

}  // namespace chancery::client
