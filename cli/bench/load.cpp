#include "cli/bench/load.h"

#include <algorithm>
#include <array>
#include <exception>
#include <thread>
#include <utility>

#include "client/src/convert.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "io/os/clock.h"
#include "io/text/json.h"

namespace chancery::cli::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRandomBytes = 10;  // Of a UUIDv7.
constexpr std::size_t kOriginAt = 3;      // In these; the first three have bits of the format.
constexpr std::size_t kNumberAt = 5;
constexpr std::size_t kRequestsMin = 256;
constexpr milliseconds kPatience{60'000};  // For one call, whatever is refused for now.
constexpr milliseconds kBenchSlice{500};   // Of a wait: a signal is heard after it.
constexpr milliseconds kAgainAfter{20};
constexpr std::chrono::seconds kNothingCame{30};
constexpr std::uint32_t kPage = 500;
constexpr std::size_t kContentDepth = 8;
constexpr const char* kKind = "threat.alert";
constexpr const char* kCategory = "THREAT_CATEGORY_OTHER";
constexpr const char* kSubject = "Benchmark ";
constexpr const char* kSummary = "A notice of a benchmark";

// Letters and spaces, which no form of text has to escape; other ones for each notice.
std::string text_of(const Shape& shape, const Name& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz abcde";
  std::uint64_t state =
      (shape.run_ms * 0x9e3779b97f4a7c15ULL) ^ (name.number << 16U) ^ (name.origin + 1);
  std::string text(shape.text_bytes, ' ');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::size_t kOfOne = 12;  // Letters of 5 bits each in 64.
    if (i % kOfOne == 0) {              // splitmix64
      state += 0x9e3779b97f4a7c15ULL;
      bits = (state ^ (state >> 30U)) * 0xbf58476d1ce4e5b9ULL;
      bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebULL;
      bits ^= bits >> 31U;
    }
    text[i] = kLetters[bits & 31U];
    bits >>= 5U;
  }
  return text;
}

std::string content_of(const Shape& shape, const Name& name) {
  return std::string(R"({"category": ")") + kCategory + R"(", "summary": ")" + kSummary +
         R"(", "description": ")" + text_of(shape, name) + "\"}";
}

std::string subject_of(const Name& name) {
  return kSubject + std::to_string(name.origin + 1) + "." + std::to_string(name.number);
}

bool is_flash(const Name& name) {
  return name.number >= kFlashFrom;
}

// `message` is a Draft or the request for one.
template <typename Message>
Hash digest_over(std::string_view origin, const Message& message, std::string_view text) {
  std::vector<std::string_view> parts = {origin, message.kind()};
  for (const v1::Recipient& recipient : message.recipients()) {
    parts.emplace_back(recipient.member());
  }
  std::ranges::sort(parts.begin() + 2, parts.end());
  parts.push_back(text);
  std::string bytes = std::to_string(message.status()) + "," + std::to_string(message.precedence());
  for (const std::string_view part : parts) {
    bytes.append("," + std::to_string(part.size()) + ":").append(part);
  }
  return crypto::sha256({as_bytes(bytes)});
}

client::Options options_for(const std::string& file, std::size_t window) {
  client::Options options = client::Options::from_file(file);
  // A batch takes up to half of them.
  options.request_count_max = std::max(kRequestsMin, 2 * window);
  return options;
}

Result<Comparison> compare_one(Exchange& exchange, std::size_t recipient, const Shape& shape,
                               const std::vector<Published>& published, const Arrived& arrived) {
  client::Client node(
      options_for(exchange.client_file(exchange.recipients()[recipient]), kRequestsMin));
  Tally tally(exchange.origins(), shape, published);
  client::InboxQuery query;
  query.limit = kPage;
  while (true) {
    CHANCERY_TRY_VOID(exchange.check());
    const client::Page page = node.inbox(query);
    for (const client::Notice& notice : page.notices) {
      if (const std::optional<Name> name = tally.take(notice)) {
        arrived(recipient, *name, notice.arrived_at);
      }
    }
    if (page.notices.empty()) {
      return tally.result();
    }
    query.after = page.next;
  }
}

Result<Comparison> compare_received(const Exchange& exchange, std::size_t recipient,
                                    const Shape& shape, const std::vector<Published>& published,
                                    const Arrived& arrived) {
  CHANCERY_TRY(const std::vector<Received> all,
               read_received(exchange.received_file(exchange.recipients()[recipient])));
  Tally tally(exchange.origins(), shape, published);
  for (const Received& received : all) {
    if (const std::optional<Name> name = tally.take(received)) {
      arrived(recipient, *name, client::Time(std::chrono::microseconds(received.arrived_us)));
    }
  }
  return tally.result();
}

bool is_tried_again(const client::Error& error) {
  return error.retryable() || error.outcome_unknown();
}

Result<void> wait_until_logged(Exchange& exchange, client::PublishOutcome done,
                               Clock::time_point until) {
  while (done.outcome.verdict != client::Verdict::kReached) {
    if (done.outcome.verdict == client::Verdict::kRefused || os::steady_now() > until) {
      return fail(ErrorCode::kUnavailable,
                  done.ticket.id() + " was not logged: " +
                      (done.outcome.code.empty() ? "it waits" : done.outcome.code));
    }
    CHANCERY_TRY_VOID(exchange.check());
    done.outcome = done.ticket.wait(client::Stage::kLogged, kBenchSlice);
  }
  return {};
}

// How many notices the nodes of the recipients have.
Result<SinkCount> count_arrivals(std::vector<client::Client>& nodes) {
  SinkCount count{.least = UINT64_MAX, .all = 0};
  try {
    for (client::Client& node : nodes) {
      const std::uint64_t has = node.cursors().newest_arrival;
      count.least = std::min(count.least, has);
      count.all += has;
    }
  } catch (const client::Error& error) {
    return std::unexpected(error_of(error));
  }
  return count;
}

}  // namespace

Error error_of(const client::Error& error) {
  return {error_code_from_wire(static_cast<std::uint32_t>(error.number()))
              .value_or(ErrorCode::kInternal),
          error.what()};
}

std::string id_of(const Shape& shape, const Name& name) {
  std::array<std::uint8_t, kRandomBytes> random{};
  random[kOriginAt] = static_cast<std::uint8_t>(name.origin >> 8U);
  random[kOriginAt + 1] = static_cast<std::uint8_t>(name.origin);
  for (std::size_t i = 0; i < kRandomBytes - kNumberAt; ++i) {
    random[kRandomBytes - 1 - i] = static_cast<std::uint8_t>(name.number >> (8 * i));
  }
  return uuid_text(as_bytes(make_uuid_v7(shape.run_ms, random)));
}

std::optional<Name> name_of(const Shape& shape, const std::string& id) {
  const Result<std::string> bytes = from_uuid_text(id);
  if (!bytes.has_value()) {
    return std::nullopt;
  }
  const Bytes random = as_bytes(*bytes).last(kRandomBytes);
  Name name{.origin = (std::size_t{random[kOriginAt]} << 8U) | random[kOriginAt + 1]};
  for (std::size_t i = kNumberAt; i < kRandomBytes; ++i) {
    name.number = (name.number << 8U) | random[i];
  }
  return id_of(shape, name) == id ? std::optional(name) : std::nullopt;
}

client::Draft draft_of(const Shape& shape, const Name& name) {
  client::Draft draft;
  draft.id = id_of(shape, name);
  draft.kind = kKind;
  draft.status = client::Status::kTest;
  draft.precedence = is_flash(name) ? client::Precedence::kFlash : client::Precedence::kRoutine;
  draft.to = shape.recipients;
  draft.subject = subject_of(name);
  draft.language = "en";
  draft.content_json = content_of(shape, name);
  draft.clear = !shape.sealed;
  return draft;
}

std::optional<std::string> difference(const Shape& shape, const Name& name,
                                      const std::string& origin, const client::Notice& notice) {
  const client::Draft draft = draft_of(shape, name);
  if (notice.origin != origin) {
    return "origin";
  }
  if (notice.kind != draft.kind || notice.status != client::to_string(draft.status) ||
      notice.precedence != client::to_string(draft.precedence)) {
    return "kind, status or precedence";
  }
  if (notice.subject != draft.subject || notice.language != draft.language) {
    return "subject or language";
  }
  std::vector<std::string> recipients;
  recipients.reserve(notice.recipients.size());
  for (const client::Recipient& recipient : notice.recipients) {
    recipients.push_back(recipient.member);
  }
  std::vector<std::string> wanted = shape.recipients;
  std::ranges::sort(recipients);
  std::ranges::sort(wanted);
  if (recipients != wanted) {
    return "recipients";
  }
  const Result<text::Json> has = text::parse_json(notice.content_json, kContentDepth);
  if (!has.has_value() || *has != text::Json{{"category", kCategory},
                                             {"summary", kSummary},
                                             {"description", text_of(shape, name)}}) {
    return "content";
  }
  return std::nullopt;
}

void Comparison::add(const Comparison& other) {
  delivered += other.delivered;
  missing += other.missing;
  differing += other.differing;
  repeated += other.repeated;
  foreign += other.foreign;
  first = first.empty() ? other.first : first;
}

Hash digest_of(const v1::Draft& draft, std::string_view text) {
  return digest_over(draft.origin(), draft, text);
}

Result<Hash> digest_of(const Shape& shape, const Name& name, const std::string& origin) {
  CHANCERY_TRY(const v1::PublishRequest request, client::publish_request(draft_of(shape, name)));
  return digest_over(origin, request, request.text());
}

Tally::Tally(const std::vector<std::string>& origins, const Shape& shape,
             const std::vector<Published>& published)
    : origins_(origins), shape_(shape) {
  for (const Published& count : published) {
    routine_.emplace_back(count.routine);
    flash_.emplace_back(count.flash);
  }
}

std::optional<Name> Tally::take_name(const std::string& id) {
  const std::optional<Name> name = name_of(shape_, id);
  if (!name.has_value() || name->origin >= routine_.size()) {
    say(found_.foreign, id, "nobody published it");
    return std::nullopt;
  }
  std::vector<bool>& seen = is_flash(*name) ? flash_[name->origin] : routine_[name->origin];
  const std::uint64_t place = is_flash(*name) ? name->number - kFlashFrom : name->number;
  if (place >= seen.size()) {
    say(found_.foreign, id, "nobody published it");
    return std::nullopt;
  }
  if (seen[place]) {
    say(found_.repeated, id, "came twice");
    return std::nullopt;
  }
  seen[place] = true;
  return name;
}

std::optional<Name> Tally::judge(const Name& name, const std::string& id,
                                 const std::optional<std::string>& what) {
  if (what.has_value()) {
    say(found_.differing, id, "other " + *what + " than was published");
    return std::nullopt;
  }
  ++found_.delivered;
  return name;
}

std::optional<Name> Tally::take(const client::Notice& notice) {
  const std::optional<Name> name = take_name(notice.id);
  return name.has_value()
             ? judge(*name, notice.id, difference(shape_, *name, origins_[name->origin], notice))
             : std::nullopt;
}

std::optional<Name> Tally::take(const Received& received) {
  const std::optional<Name> name = take_name(received.id);
  if (!name.has_value()) {
    return std::nullopt;
  }
  const Result<Hash> published = digest_of(shape_, *name, origins_[name->origin]);
  const bool same = published.has_value() && received.digest == *published;
  return judge(*name, received.id, same ? std::nullopt : std::optional<std::string>("digest"));
}

Comparison Tally::result() {
  for (std::size_t origin = 0; origin < routine_.size(); ++origin) {
    count_missing(origin, 0, routine_[origin]);
    count_missing(origin, kFlashFrom, flash_[origin]);
  }
  return found_;
}

void Tally::count_missing(std::size_t origin, std::uint64_t from, const std::vector<bool>& seen) {
  for (std::size_t place = 0; place < seen.size(); ++place) {
    if (!seen[place]) {
      ++found_.missing;
      if (found_.first.empty()) {
        found_.first = id_of(shape_, {.origin = origin, .number = from + place}) + ": missing";
      }
    }
  }
}

void Tally::say(std::uint64_t& count, const std::string& id, const std::string& what) {
  ++count;
  if (found_.first.empty()) {
    found_.first = id + ": " + what;
  }
}

Publisher::Publisher(const Exchange& exchange, std::size_t origin, std::size_t window)
    : client_(options_for(exchange.client_file(exchange.origins()[origin]), window)),
      origin_(origin) {}

// One alone goes with the request to wait for it.
Result<void> Publisher::publish_one(Exchange& exchange, const Shape& shape, std::uint64_t number) {
  const Clock::time_point until = os::steady_now() + kPatience;
  const client::Draft draft = draft_of(shape, {.origin = origin_, .number = number});
  while (true) {
    CHANCERY_TRY_VOID(exchange.check());
    try {
      return wait_until_logged(
          exchange, client_.publish_until(draft, client::Stage::kLogged, kBenchSlice), until);
    } catch (const client::Error& error) {
      if (!is_tried_again(error) || os::steady_now() > until) {
        return std::unexpected(error_of(error));
      }
    }
    std::this_thread::sleep_for(kAgainAfter);
  }
}

Result<void> Publisher::publish(Exchange& exchange, const Shape& shape, std::uint64_t first,
                                std::size_t count, bool until_logged) {
  if (count == 1 && until_logged) {
    return publish_one(exchange, shape, first);
  }
  const Clock::time_point until = os::steady_now() + kPatience;
  std::vector<client::Draft> drafts;
  drafts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    drafts.push_back(draft_of(shape, {.origin = origin_, .number = first + i}));
  }
  std::vector<client::Ticket> to_wait_for;
  try {
    while (!drafts.empty()) {
      CHANCERY_TRY_VOID(exchange.check());
      const std::vector<client::BatchResult> results = client_.publish_batch(drafts);
      std::vector<client::Draft> again;
      const bool first_try = drafts.size() == count;
      for (std::size_t i = 0; i < results.size(); ++i) {
        if (const std::optional<client::Ticket>& ticket = results[i].ticket; ticket.has_value()) {
          // What was tried again may be logged in another order.
          if (!first_try || i + 1 == results.size() || results[i + 1].error.has_value()) {
            to_wait_for.push_back(*ticket);
          }
          continue;
        }
        const std::optional<client::Error>& error = results[i].error;
        if (!error.has_value() || !is_tried_again(*error) || os::steady_now() > until) {
          return error.has_value() ? std::unexpected(error_of(*error))
                                   : fail(ErrorCode::kInternal, "neither a ticket nor an error");
        }
        again.push_back(std::move(drafts[i]));
      }
      drafts = std::move(again);
      if (!drafts.empty()) {
        std::this_thread::sleep_for(kAgainAfter);
      }
    }
    for (const client::Ticket& ticket : until_logged ? to_wait_for : decltype(to_wait_for){}) {
      CHANCERY_TRY_VOID(wait_until_logged(exchange, {.ticket = ticket, .outcome = {}}, until));
    }
  } catch (const client::Error& error) {
    return std::unexpected(error_of(error));
  }
  return {};
}

Result<Clock::time_point> await_deliveries(
    Exchange& exchange, std::uint64_t count,
    const std::function<void(std::uint64_t delivered)>& progress) {
  std::vector<client::Client> nodes;
  for (const std::string& code :
       exchange.has_sink() ? std::vector<std::string>{} : exchange.recipients()) {
    nodes.emplace_back(options_for(exchange.client_file(code), kRequestsMin));
  }
  std::uint64_t before = 0;
  Clock::time_point moved_at = os::steady_now();
  while (true) {
    CHANCERY_TRY_VOID(exchange.check());
    CHANCERY_TRY(const SinkCount has, exchange.has_sink() ? Result<SinkCount>(exchange.sink_count())
                                                          : count_arrivals(nodes));
    const Clock::time_point now = os::steady_now();
    moved_at = has.all > before ? now : moved_at;
    before = has.all;
    progress(has.all);
    if (has.least >= count || now - moved_at > kNothingCame) {
      return now;
    }
    std::this_thread::sleep_for(kAgainAfter / 4);
  }
}

Result<Comparison> compare(Exchange& exchange, const Shape& shape,
                           const std::vector<Published>& published, const Arrived& arrived) {
  const std::size_t count = exchange.recipients().size();
  if (exchange.has_sink()) {
    CHANCERY_TRY_VOID(exchange.stop(std::string(kSink)));
  }
  std::vector<Result<Comparison>> results(count);
  {
    constexpr std::size_t kReaders = 4;
    std::atomic<std::size_t> next{0};
    std::vector<std::jthread> readers;
    readers.reserve(kReaders);
    for (std::size_t i = 0; i < std::min(kReaders, count); ++i) {
      readers.emplace_back([&] {
        for (std::size_t recipient = next++; recipient < count; recipient = next++) {
          try {
            results[recipient] =
                exchange.has_sink()
                    ? compare_received(exchange, recipient, shape, published, arrived)
                    : compare_one(exchange, recipient, shape, published, arrived);
          } catch (const client::Error& error) {
            results[recipient] = std::unexpected(error_of(error));
          }
        }
      });
    }
  }
  Comparison all;
  for (std::size_t recipient = 0; recipient < count; ++recipient) {
    CHANCERY_TRY(Comparison one, std::move(results[recipient]));
    if (!one.first.empty()) {
      one.first.insert(0, exchange.recipients()[recipient] + ": ");
    }
    all.add(one);
  }
  return all;
}

}  // namespace chancery::cli::bench
