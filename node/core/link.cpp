#include "node/core/link.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/compose.h"
#include "core/exchange/limits.h"

namespace chancery::node {
namespace {

constexpr std::uint32_t kProtocol = 1;
// Deliveries may come before the batches that they are in, and no further ahead than this: an index
// that no log reaches would make all others look held already.
constexpr std::uint64_t kAheadMax = 65'536;
constexpr std::uint64_t kFarAhead = 512;  // Of the log: more than a page of it.

v1::Credits credits_of(const Window& window) {
  v1::Credits credits;
  credits.set_items(window.items);
  credits.set_bytes(window.bytes);
  return credits;
}

}  // namespace

void Link::send(const v1::UpMessage& message) {
  outgoing_.push_back(message.SerializeAsString());
}

void Link::fetch_batches(std::uint64_t from) {
  fetching_ = from;
  v1::UpMessage message;
  message.mutable_fetch()->set_kind(v1::FETCH_KIND_BATCHES);
  message.mutable_fetch()->set_from(from);
  send(message);
}

void Link::fetch_batches_if_behind(std::uint64_t size) {
  if (size < hub_size_) {
    fetch_batches(size);
  }
}

void Link::fetch_deliveries(exchange::Lane lane) {
  v1::UpMessage message;
  message.mutable_fetch()->set_kind(v1::FETCH_KIND_DELIVERIES);
  message.mutable_fetch()->set_from(lanes_[lane].expected);
  if (lane == exchange::Lane::kUrgent) {
    message.mutable_fetch()->set_precedence_min(v1::PRECEDENCE_IMMEDIATE);
  }
  send(message);
}

// Where its disk has little room, a node keeps that for the urgent; and its time where an urgent
// one is there and its part of the log is far: nothing patient is stored on the way to it.
Window Link::window_of(exchange::Lane lane) const {
  const bool is_urgent = lane == exchange::Lane::kUrgent;
  const bool takes = takes_ == Takes::kAll || (takes_ == Takes::kUrgentOnly && is_urgent);
  return takes && (is_urgent || !hurries_) ? config_.windows[lane] : Window{};
}

bool Link::urgent_waits_for_log() const {
  const std::deque<v1::Delivery>& held = lanes_.urgent.held;
  return !held.empty() && held.front().index() >= position_.followed_size + kFarAhead;
}

void Link::connected() {
  if (phase_ == LinkPhase::kAlarm) {
    return;
  }
  phase_ = LinkPhase::kGreeting;
  outgoing_.clear();
  caught_up_ = complete();  // What is held is let go.
  lanes_ = {.patient = {.expected = position_.cursors.patient, .held = {}},
            .urgent = {.expected = position_.cursors.urgent, .held = {}}};
  fetching_.reset();
  fetching_at_ping_.reset();
  hurries_ = false;
  credit_due_ = false;
  v1::UpMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol(kProtocol);
  hello.set_genesis(to_string(config_.genesis));
  hello.set_cursor(position_.cursors.patient);
  hello.set_cursor_urgent(position_.cursors.urgent);
  *hello.mutable_followed() = exchange::tree_head(position_.followed_size, position_.followed_root);
  if (position_.cosigned_size > 0) {
    *hello.mutable_cosigned() =
        exchange::tree_head(position_.cosigned_size, position_.cosigned_root);
  }
  *hello.mutable_credits() = credits_of(window_of(exchange::Lane::kPatient));
  *hello.mutable_credits_urgent() = credits_of(window_of(exchange::Lane::kUrgent));
  hello.set_program(config_.program);
  hello.set_instance(config_.instance);
  hello.set_checkpoint(position_.checkpoint);
  for (const Hash& roster : position_.continued) {
    hello.add_continued(to_string(roster));
  }
  send(message);
}

void Link::go_back(LinkPosition position) {
  position_ = std::move(position);
  hub_size_ = 0;
  caught_up_ = std::min(caught_up_, position_.followed_size);
  connected();
}

void Link::disconnected() {
  if (phase_ != LinkPhase::kAlarm) {
    phase_ = LinkPhase::kDown;
  }
}

Result<void> Link::control(const v1::DownMessage& message) {
  if (message.has_welcome()) {
    if (phase_ != LinkPhase::kGreeting) {
      return {};
    }
    const v1::Welcome& welcome = message.welcome();
    if (welcome.genesis() != as_view(config_.genesis)) {
      return fail(ErrorCode::kWrongGenesis, "the hub serves " + hex(as_bytes(welcome.genesis())));
    }
    hub_size_ = welcome.head().size();
    if (hub_size_ < position_.followed_size ||
        (hub_size_ == position_.followed_size &&
         welcome.head().root() != as_view(position_.followed_root))) {
      if (++contradiction_count_ < kContradictionsBelieved) {
        connected();  // It may answer a Hello of before, and have been long on its way.
        return {};
      }
      contradiction_count_ = 0;
      phase_ = LinkPhase::kForeign;
      return fail(ErrorCode::kForeignLog, "the hub's log has size " + std::to_string(hub_size_) +
                                              ", this node verified size " +
                                              std::to_string(position_.followed_size));
    }
    contradiction_count_ = 0;
    phase_ = LinkPhase::kUp;
    resend_ = true;
    fetch_batches_if_behind(position_.followed_size);
    return {};
  }
  if (message.has_pong() && phase_ == LinkPhase::kUp) {
    // A push or a page may have been lost on the way: asked for again, since nothing is taken
    // twice. Not where the page was asked for after the Ping: it is behind this Pong.
    hub_size_ = std::max(hub_size_, message.pong().log_size());
    if (!fetching_.has_value() || fetching_ == fetching_at_ping_) {
      fetch_batches_if_behind(position_.followed_size);
    }
    const v1::Pong& pong = message.pong();
    const bool lacks_urgent = pong.delivered_urgent() > lanes_.urgent.expected;
    const bool lacks_patient = pong.delivered() > lanes_.patient.expected;
    if (lacks_urgent) {
      fetch_deliveries(exchange::Lane::kUrgent);
    }
    if (lacks_patient) {
      fetch_deliveries(exchange::Lane::kPatient);
    }
    if (!lacks_urgent && !lacks_patient) {
      caught_up_ = std::max(caught_up_, pong.caught_up());
    }
    return {};
  }
  if (message.has_fault()) {
    const v1::Fault& fault = message.fault();
    const ErrorCode code = error_code_from_wire(fault.code()).value_or(ErrorCode::kInternal);
    if (code == ErrorCode::kGap) {
      connected();  // The hub does not know this connection: greet it.
    } else if (code == ErrorCode::kForeignLog && phase_ == LinkPhase::kGreeting) {
      phase_ = LinkPhase::kForeign;
    }
    return fail(code, fault.text());
  }
  return {};
}

std::vector<v1::LogBatch> Link::batches(v1::Batches batches) {
  std::vector<v1::LogBatch> next;
  if (phase_ != LinkPhase::kUp) {
    return next;
  }
  hub_size_ = std::max(hub_size_, batches.log_size());
  // This is the page, or a push in its place; without a batch the hub had no room for something.
  if (batches.batches().empty() || batches.batches(0).first_index() == fetching_) {
    fetching_.reset();
  }
  std::uint64_t size = position_.followed_size;
  for (v1::LogBatch& batch : *batches.mutable_batches()) {
    if (batch.first_index() > size) {
      break;
    }
    if (batch.first_index() == size) {  // Below it: known, pushed while a page was on the way.
      size += batch.entries().size() / Hash{}.size();
      next.push_back(std::move(batch));
    }
  }
  if (!fetching_.has_value()) {
    fetch_batches_if_behind(size);
  }
  return next;
}

void Link::followed(std::uint64_t size, const Hash& root, std::string checkpoint) {
  position_.followed_size = size;
  position_.followed_root = root;
  position_.checkpoint = std::move(checkpoint);
}

void Link::cosigned(std::uint64_t size, const Hash& root) {
  position_.cosigned_size = size;
  position_.cosigned_root = root;
}

void Link::deliver(v1::Deliver deliver) {
  if (phase_ != LinkPhase::kUp) {
    return;
  }
  const exchange::Lane which =
      deliver.urgent() ? exchange::Lane::kUrgent : exchange::Lane::kPatient;
  const Window& window = config_.windows[which];
  Lane& lane = lanes_[which];
  for (v1::Delivery& delivery : *deliver.mutable_deliveries()) {
    if (delivery.index() < lane.expected) {
      credit_due_ = true;  // Held or stored already: the hub has to hear so, or sends no more.
      continue;
    }
    const bool lost = delivery.previous() > lane.expected;
    const std::size_t bytes = delivery.envelope().size();
    const bool over = lane.held.size() >= window.items ||
                      (!lane.held.empty() && lane.held_bytes + bytes > window.bytes);
    if (lost || over || delivery.index() > hub_size_ + kAheadMax) {
      fetch_deliveries(which);
      return;
    }
    lane.expected = delivery.index() + 1;
    lane.held_bytes += bytes;
    lane.held.push_back(std::move(delivery));
  }
}

bool Link::has_delivery(exchange::Lane lane) const {
  const std::deque<v1::Delivery>& held = lanes_[lane].held;
  return !held.empty() && held.front().index() < position_.followed_size;
}

std::optional<v1::Delivery> Link::take_delivery(exchange::Lane lane) {
  if (!has_delivery(lane)) {
    return std::nullopt;
  }
  Lane& from = lanes_[lane];
  v1::Delivery taken = std::move(from.held.front());
  from.held.pop_front();
  from.held_bytes -= taken.envelope().size();
  return taken;
}

std::uint64_t Link::complete() const {
  std::uint64_t size = std::min(caught_up_, position_.followed_size);
  for (const Lane* lane : {&lanes_.patient, &lanes_.urgent}) {
    if (!lane->held.empty()) {
      size = std::min(size, lane->held.front().index());
    }
  }
  return size;
}

void Link::refetch(exchange::Lane lane, std::uint64_t index) {
  stand(lane, index);
  fetch_deliveries(lane);
}

void Link::stand(exchange::Lane lane, std::uint64_t index) {
  lanes_[lane] = {.expected = index, .held = {}};
  caught_up_ = std::min(caught_up_, index);
}

void Link::stored(exchange::Lane lane, std::uint64_t index) {
  position_.cursors[lane] = std::max(position_.cursors[lane], index + 1);
  credit_due_ = true;
}

bool Link::take_resend() {
  return std::exchange(resend_, false);
}

void Link::submit(std::vector<Outbound> notices) {
  v1::UpMessage message;
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (message.has_submit()) {
      send(message);
      message.Clear();
      bytes = 0;
    }
  };
  for (auto& [envelope, previous_us] : notices) {
    const auto count = static_cast<std::size_t>(message.submit().envelopes_size());
    if (count >= exchange::kSubmitCountMax ||
        (count > 0 && bytes + envelope.size() > exchange::kFrameBytesTarget)) {
      flush();
    }
    bytes += envelope.size();
    message.mutable_submit()->add_envelopes(std::move(envelope));
    if (previous_us != 0) {
      v1::Predecessor& predecessor = *message.mutable_submit()->add_predecessors();
      predecessor.set_place(static_cast<std::uint32_t>(message.submit().envelopes_size()));
      predecessor.set_created_at_us(previous_us);
    }
  }
  flush();
}

void Link::ping(std::uint64_t nonce) {
  v1::UpMessage message;
  message.mutable_ping()->set_nonce(nonce);
  send(message);
  fetching_at_ping_ = fetching_;
  credit_due_ = true;  // Where the one before was lost, the hub has nothing else to go on by.
}

void Link::answer(const v1::Answer& answer) {
  v1::UpMessage message;
  *message.mutable_answer() = answer;
  send(message);
}

void Link::restore(std::uint64_t index, std::string envelope) {
  v1::UpMessage message;
  message.mutable_restore()->set_index(index);
  message.mutable_restore()->set_envelope(std::move(envelope));
  send(message);
}

std::vector<std::string> Link::take_outgoing() {
  if (const bool hurries = urgent_waits_for_log(); hurries != hurries_) {
    hurries_ = hurries;
    credit_due_ = true;
  }
  if (phase_ == LinkPhase::kUp && credit_due_) {
    credit_due_ = false;
    v1::UpMessage message;
    v1::Credit& credit = *message.mutable_credit();
    credit.set_cursor(position_.cursors.patient);
    credit.set_cursor_urgent(position_.cursors.urgent);
    *credit.mutable_credits() = credits_of(window_of(exchange::Lane::kPatient));
    *credit.mutable_credits_urgent() = credits_of(window_of(exchange::Lane::kUrgent));
    send(message);
  }
  return std::exchange(outgoing_, {});
}

}  // namespace chancery::node
