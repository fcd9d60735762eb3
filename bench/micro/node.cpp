// What an application and its node do with a notice: from JSON to a signed envelope, and from what
// the hub delivers to JSON.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/micro/inputs.h"
#include "chancery/client.h"
#include "chancery/v1/local.pb.h"
#include "client/src/answer_json.h"
#include "client/src/convert.h"
#include "client/src/notice_json.h"
#include "client/src/session.h"
#include "core/base/disk_gauge.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/compose.h"
#include "core/exchange/deliver_frame.h"
#include "core/exchange/envelope.h"
#include "core/exchange/lane.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "io/text/json.h"
#include "node/core/intake.h"
#include "node/core/link.h"
#include "node/core/stamping.h"
#include "node/engine/application.h"
#include "node/engine/drafting.h"
#include "node/engine/local_api.h"
#include "node/store/node_store.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"

namespace chancery::micro {
namespace {

using benchmark::DoNotOptimize;
using exchange::Lane;
using test::must;

constexpr std::size_t kPageOfInbox = 100;  // As an application gets it that asks for no number.

// The application and its library, up to what the node is sent.

std::string draft_json() {
  const text::Json draft{
      {"kind", "threat.alert"},
      {"tlp", "green"},
      {"to", five_members},
      {"subject", "Loss of a border sensor"},
      {"content",
       {{"category", "THREAT_CATEGORY_OTHER"}, {"summary", std::string(kTextBytes, 't')}}}};
  return text::dump(draft);
}

v1::PublishRequest request_from(const std::string& json) {
  client::Draft draft = must(client::draft_from_json(json, "draft", client::time_from_ms(kNowMs)));
  draft.id = client::make_notice_id();
  return must(client::publish_request(draft));
}

// A text that a node lets an application publish.
std::string published_text() {
  return request_from(draft_json()).text();
}

void publish_from_json(benchmark::State& state) {
  const std::string json = draft_json();
  for (auto round : state) {
    v1::LocalRequest request;
    *request.mutable_publish() = request_from(json);
    DoNotOptimize(request.SerializeAsString());
  }
}
BENCHMARK(publish_from_json);

// The node of the origin.

std::string salt(std::size_t bytes) {
  return test::seeded_bytes("salt", bytes);
}

// From the frame of the library to what is put into the outbox; the transaction is not in it.
void draft_notice(benchmark::State& state) {
  const test::TestExchange exchange;
  const std::string member = "AM";
  const std::function<std::string(std::size_t)> random = salt;
  v1::LocalRequest asked;
  *asked.mutable_publish() = request_from(draft_json());
  const std::string frame = asked.SerializeAsString();
  for (auto round : state) {
    const auto request =
        must(exchange::parse_wire<v1::LocalRequest>(frame, exchange::Reading::kOpen));
    DoNotOptimize(must(node::draft_notice(request.publish(), {.member = member,
                                                              .genesis = exchange.genesis(),
                                                              .directory = exchange.directory(),
                                                              .random = random,
                                                              .now_ms = kNowMs})));
  }
}
BENCHMARK(draft_notice);

std::vector<node::Waiting> waiting_of(test::TestExchange& exchange, bool sealed) {
  std::vector<node::Waiting> waiting(kTogether);
  for (node::Waiting& each : waiting) {
    const std::string_view kind = sealed ? "threat.alert" : "contact";
    v1::Draft draft = exchange.draft("AM", five_members, kind);
    each.sealed = sealed;
    each.text = text(kind);
    if (sealed) {
      each.text = must(exchange::pad_text(salt(exchange::kTextSaltBytes), each.text));
    }
    draft.set_text_digest(to_string(exchange::text_digest(each.text)));
    each.notice_id = draft.notice_id();
    each.draft = draft.SerializeAsString();
    each.precedence = draft.precedence();
  }
  return waiting;
}

std::vector<node::SignedEnvelope> stamped(const std::vector<node::Waiting>& waiting,
                                          const test::TestExchange& exchange,
                                          std::string_view random, crypto::Signer& signer) {
  const node::StampedBatch batch =
      node::stamp(waiting,
                  {.directory = &exchange.directory(),
                   .origin = "AM",
                   .log_seen = exchange::tree_head(0, ledger::tree_root({})),
                   .now_us = kNowMs * 1000},
                  random);
  std::vector<node::SignedSet> sets;
  for (const std::vector<Hash>& ds : batch.sets) {
    exchange::BatchToSign to_sign(exchange.genesis(), signer.public_key().id(), ds);
    std::string value = must(signer.sign(as_bytes(to_sign.message())));
    sets.push_back({.to_sign = std::move(to_sign), .value = std::move(value)});
  }
  return node::signed_envelopes(batch, sets);
}

// All that waits, stamped, signed together and put together.
void stamp_batch(benchmark::State& state, bool sealed) {
  test::TestExchange exchange;
  const std::vector<node::Waiting> waiting = waiting_of(exchange, sealed);
  const std::string random =
      test::seeded_bytes("stamp", node::random_bytes_needed(waiting, exchange.directory()));
  const auto signer = test::key_signer(signing_of("AM"));
  const std::vector<node::SignedEnvelope> once = stamped(waiting, exchange, random, *signer);
  if (once.size() != kTogether) {
    state.SkipWithError("not all was stamped");
  }
  for (const node::SignedEnvelope& each : once) {
    if (!exchange::judge_notice(exchange.parse(each.bytes), exchange.directory(), exchange.cache())
             .has_value()) {
      state.SkipWithError("an envelope is not good");
    }
  }
  for (auto round : state) {
    DoNotOptimize(stamped(waiting, exchange, random, *signer));
  }
  count_items(state, kTogether);
}
BENCHMARK_CAPTURE(stamp_batch, clear, false);
BENCHMARK_CAPTURE(stamp_batch, sealed, true);

// A node's link to a hub whose log is long.
class UpLink {
 public:
  explicit UpLink(const Hash& genesis)
      : link_({.genesis = genesis, .program = "node of a benchmark"},
              {.followed_size = kSize, .cursors = {}}) {
    link_.connected();
    v1::DownMessage message;
    message.mutable_welcome()->set_genesis(to_string(genesis));
    message.mutable_welcome()->mutable_head()->set_size(kSize);
    message.mutable_welcome()->mutable_head()->set_root(to_string(Hash{}));
    must(link_.control(message));
    static_cast<void>(link_.take_outgoing());
  }
  node::Link& operator*() { return link_; }

 private:
  static constexpr std::uint64_t kSize = 1ULL << 40U;
  node::Link link_;
};

// The frames of a batch, for the hub.
void submit_batch(benchmark::State& state) {
  test::TestExchange exchange;
  UpLink up(exchange.genesis());
  std::vector<node::Outbound> notices;
  for (std::string& envelope : sealed_batch(exchange, kTogether)) {
    notices.push_back({.envelope = std::move(envelope)});
  }
  for (auto round : state) {
    (*up).submit(notices);
    if ((*up).take_outgoing().empty()) {
      state.SkipWithError("nothing goes to the hub");
      break;
    }
  }
  count_items(state, kTogether);
}
BENCHMARK(submit_batch);

// The node of a recipient.

// A frame of the hub, read and taken apart.
void take_deliveries(benchmark::State& state) {
  constexpr std::size_t kInFrame = 64;
  test::TestExchange exchange;
  const std::vector<std::string> envelopes = sealed_batch(exchange, kInFrame);
  UpLink up(exchange.genesis());
  std::uint64_t next = 1;
  for (auto round : state) {
    state.PauseTiming();
    std::vector<exchange::Delivered> deliveries;
    for (const std::string& envelope : envelopes) {
      deliveries.push_back({.index = next, .previous = next - 1, .envelope = envelope});
      ++next;
    }
    deliveries.front().previous = 0;
    const std::string frame = exchange::deliver_frame(deliveries, Lane::kPatient);
    state.ResumeTiming();
    auto message = must(exchange::parse_wire<v1::DownMessage>(frame));
    (*up).deliver(std::move(*message.mutable_deliver()));
    std::size_t taken = 0;
    while (auto delivery = (*up).take_delivery(Lane::kPatient)) {
      (*up).stored(Lane::kPatient, delivery->index());
      ++taken;
    }
    if (taken != kInFrame) {
      state.SkipWithError("not all was delivered");
      break;
    }
  }
  count_items(state, kInFrame);
}
BENCHMARK(take_deliveries);

// A batch of the log: its leaves, and the hub's signature over what they make.
void follow_batch(benchmark::State& state) {
  test::TestExchange exchange;
  test::TestLog log(exchange);
  log.found();
  exchange::LogFollower before(exchange.genesis());
  for (const v1::LogBatch& batch : log.batches()) {
    static_cast<void>(must(before.follow(batch, exchange.cache())));
  }
  const v1::LogBatch batch = log.append(sealed_batch(exchange, kTogether));
  for (auto round : state) {
    exchange::LogFollower follower = before;
    DoNotOptimize(must(follower.follow(batch, exchange.cache())));
  }
  count_items(state, kTogether);
}
BENCHMARK(follow_batch);

// Its transaction.
void put_batch(benchmark::State& state) {
  const Folder folder;
  Followed followed;
  const auto store = must(node::NodeStore::open(folder.file(), followed.exchange.genesis(), "BY",
                                                node::StoreUse::kOwn));
  const auto put = [&] {
    must(store->begin());
    for (const exchange::FollowedBatch& batch : followed.batches) {
      must(store->put_batch(batch, followed.follower));
    }
    must(store->commit());
  };
  followed.append();
  put();  // With those that found the exchange.
  for (auto round : state) {
    state.PauseTiming();
    followed.batches.clear();
    followed.append();
    state.ResumeTiming();
    put();
  }
  count_items(state, kTogether);
}
BENCHMARK(put_batch)->Iterations(kRounds);

// What a node took, of a form or of two by turns: a draft that is not of the form of the one before
// is read anew.
class Taken {
 public:
  Taken() {
    for (const v1::Precedence precedence : {v1::PRECEDENCE_ROUTINE, v1::PRECEDENCE_PRIORITY}) {
      followed_.append(sealed_batch(followed_.exchange, kTogether, precedence));
      const std::vector<ledger::Leaf> leaves = test::leaves_of(followed_.log.batches().back());
      for (std::size_t i = 0; i < kTogether; ++i) {
        taken_.push_back({.index = followed_.first() + i,
                          .envelope = std::move(followed_.envelopes[i]),
                          .leaf = leaves[i]});
      }
    }
  }

  struct One {
    std::uint64_t index = 0;
    std::string envelope;
    ledger::Leaf leaf;
  };
  const One& next(bool one_form) {
    const std::size_t at = at_++ % kTogether;
    return taken_[one_form || at % 2 == 0 ? at : kTogether + at];
  }
  Followed& followed() { return followed_; }

 private:
  Followed followed_;
  std::vector<One> taken_;
  std::size_t at_ = 0;
};

// Into an envelope that keeps its memory.
void parse_envelope_into(benchmark::State& state, bool one_form) {
  Taken taken;
  const Hash& genesis = taken.followed().exchange.genesis();
  exchange::Envelope envelope;
  for (auto round : state) {
    must(exchange::parse_envelope_into(envelope, taken.next(one_form).envelope, genesis,
                                       exchange::Bodies::kThere));
  }
}
BENCHMARK_CAPTURE(parse_envelope_into, one_form, true);
BENCHMARK_CAPTURE(parse_envelope_into, two_forms, false);

// As the node's engine does it: one arrival for all. The signature and the content key are known.
void judge_delivery_into(benchmark::State& state, bool one_form) {
  Taken taken;
  Followed& followed = taken.followed();
  node::Arrival arrival;
  for (auto round : state) {
    const Taken::One& one = taken.next(one_form);
    node::judge_delivery_into(arrival, one.index, one.envelope, one.leaf, "BY",
                              followed.follower.directory(), followed.opener,
                              followed.exchange.cache());
    if (arrival.verdict != node::Verdict::kGood) {
      state.SkipWithError("the delivery is not good");
      break;
    }
  }
}
BENCHMARK_CAPTURE(judge_delivery_into, one_form, true);
BENCHMARK_CAPTURE(judge_delivery_into, two_forms, false);

// A node of BY that has taken a batch, and its application.
class Inbox {
 public:
  Inbox() {
    followed_.append(
        sealed_batch(followed_.exchange, kTogether, v1::PRECEDENCE_ROUTINE, published_text()));
    const std::vector<ledger::Leaf> leaves = test::leaves_of(followed_.log.batches().back());
    must(store_->begin());
    for (const exchange::FollowedBatch& batch : followed_.batches) {
      must(store_->put_batch(batch, followed_.follower));
    }
    for (std::size_t i = 0; i < kTogether; ++i) {
      static_cast<void>(
          must(store_->put_arrival(followed_.judge(i, leaves[i]), leaves[i], kNowMs)));
    }
    must(store_->commit());
  }

  // The first page, as the frame that answers a request. Where the node takes note of what it
  // handed out, its transaction counts.
  std::string page(const std::string& cursor) {
    v1::LocalRequest request;
    request.set_request_id(1);
    request.mutable_inbox()->set_cursor(cursor);
    request.mutable_inbox()->set_limit(kPageOfInbox);
    must(api_.handle("desk", "desk", request.SerializeAsString(),
                     {.directory = &followed_.follower.directory(),
                      .disk = &disk_,
                      .now_ms = kNowMs,
                      .now = {}}));
    if (store_->in_transaction()) {
      must(store_->commit());
    }
    std::vector<node::LocalReply> replies = api_.take_replies();
    return replies.empty() ? "" : std::move(replies.front().message);
  }

 private:
  Folder folder_;
  Followed followed_;
  std::unique_ptr<node::NodeStore> store_ = must(node::NodeStore::open(
      folder_.file(), followed_.exchange.genesis(), "BY", node::StoreUse::kOwn));
  std::vector<node::Application> applications_ = {
      {.name = "desk", .key = {}, .publish = {"*"}, .read = {"*"}}};
  node::LocalApi api_{"BY", applications_, *store_, salt};
  DiskGauge disk_{DiskMarks{}};
};

bool is_full(const v1::LocalReply& reply) {
  return static_cast<std::size_t>(reply.inbox().items_size()) == kPageOfInbox;
}

// A page for an application, with or without a cursor that the node keeps.
void answer_inbox(benchmark::State& state, const std::string& cursor) {
  Inbox inbox;
  if (!is_full(must(exchange::parse_wire<v1::LocalReply>(inbox.page(cursor))))) {
    state.SkipWithError("the page is not full");
  }
  for (auto round : state) {
    DoNotOptimize(inbox.page(cursor));
  }
  count_items(state, kPageOfInbox);
}
BENCHMARK_CAPTURE(answer_inbox, after, "");
BENCHMARK_CAPTURE(answer_inbox, cursor, "desk");

// The library and its application: that page, as what it parses to, as the JSON that a call of the
// C interface gives, and as what C++ makes of that JSON.

client::Page page_of(const std::string& frame) {
  v1::LocalReply reply;
  client::Page page;
  if (!reply.ParseFromString(frame)) {
    return page;
  }
  page.next = {reply.inbox().next_after(), reply.inbox().next_after_urgent()};
  page.notices.reserve(static_cast<std::size_t>(reply.inbox().items_size()));
  for (const v1::InboxItem& item : reply.inbox().items()) {
    page.notices.push_back(must(client::notice_from(item)));
  }
  return page;
}

std::string json_of(const std::string& frame) {
  return client::page_line(page_of(frame));
}

client::Page page_by_json(const std::string& frame) {
  return client::detail::page_of(json_of(frame));
}

template <class Read>
void read_answer(benchmark::State& state, const Read& read) {
  const std::string frame = Inbox().page("");
  for (const client::Page& page : {page_of(frame), page_by_json(frame)}) {
    if (page.notices.size() != kPageOfInbox ||
        page.notices.back().subject != "Loss of a border sensor" ||
        !page.notices.back().problems.empty()) {
      state.SkipWithError("not the notices that were published");
    }
  }
  for (auto round : state) {
    DoNotOptimize(read(frame));
  }
  count_items(state, kPageOfInbox);
}
BENCHMARK_CAPTURE(read_answer, notices, page_of);
BENCHMARK_CAPTURE(read_answer, json, json_of);
BENCHMARK_CAPTURE(read_answer, cpp, page_by_json);

}  // namespace
}  // namespace chancery::micro
