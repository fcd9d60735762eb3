#include "broker/core/hub.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/compose.h"
#include "core/exchange/deliver_frame.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"
#include "core/ledger/checkpoint.h"

namespace chancery::broker {
namespace {

constexpr std::uint32_t kProtocol = 1;
constexpr std::uint64_t kRetryAfterMs = 250;
constexpr std::uint64_t kRetryAfterStopMs = 10'000;  // People have to act first …
constexpr std::uint64_t kRetryAfterDiskMs = 5'000;   // … or something makes room by itself …
constexpr std::uint64_t kRetryAfterStartMs = 1'000;  // … or others connect.
// Nodes ping every 5 s: a session that is silent for longer may be of a machine that is gone.
constexpr std::chrono::seconds kSilenceMax{15};
constexpr std::chrono::milliseconds kLookForSilenceEvery{100};
constexpr std::string_view kControl = "control";
constexpr std::string_view kLog = "log";
constexpr std::string_view kDirectoryTopic = "directory";

using exchange::kLanes;
using exchange::Lane;

std::uint64_t retry_after(ErrorCode code) {
  if (code == ErrorCode::kAdmissionStopped) {
    return kRetryAfterStopMs;
  }
  if (code == ErrorCode::kAwaitingQuorum) {
    return kRetryAfterStartMs;
  }
  if (code == ErrorCode::kDiskLow || code == ErrorCode::kDiskFull) {
    return kRetryAfterDiskMs;
  }
  return error_info(code).retry == Retry::kRetryable ? kRetryAfterMs : 0;
}

// A frame more of them costs less than what is urgent waits for a node that has to take them all.
constexpr std::uint64_t kDeliveredTogether = 64;

bool concerns(const DamagedEntry& entry, const std::string& member) {
  return entry.readers.empty() || std::ranges::find(entry.readers, member) != entry.readers.end();
}

}  // namespace

Result<Hash> transport_key_of(std::string_view user_id) {
  const Result<Hash> key_id = hash_from_hex(user_id);
  if (!key_id.has_value()) {
    return fail(ErrorCode::kNoIdentity, "a message without the id of a transport key");
  }
  return *key_id;
}

v1::LogBatch log_batch(const Commit& commit, const std::string& checkpoint) {
  v1::LogBatch batch;
  batch.set_first_index(commit.size_before);
  batch.set_type(static_cast<std::uint32_t>(commit.type));
  batch.set_accepted_at_ms(commit.accepted_at_ms);
  batch.set_directory(to_string(commit.directory));
  for (const NewEntry& entry : commit.entries) {
    batch.mutable_entries()->append(as_view(entry.leaf.entry));
  }
  batch.set_checkpoint(checkpoint);
  if (commit.type == ledger::LeafType::kDirectory) {
    batch.set_directory_entry(commit.entries.front().envelope.bytes());
  }
  return batch;
}

Hub::Hub(HubConfig config, HubState state)
    : config_(std::move(config)),
      contradiction_(state.contradiction.empty()
                         ? std::nullopt
                         : std::optional(Error{ErrorCode::kAdmissionStopped, state.contradiction})),
      witness_changes_(std::move(state.witness_changes)),
      start_quorum_(state.tree.size() == 0),
      sequencer_(std::move(state), config_.admission, config_.log_keys),
      quotas_(config_.quota) {}

void Hub::push(Outgoing outgoing) {
  outgoing_bytes_ += outgoing.message.size();
  outgoing_.push_back(std::move(outgoing));
}

void Hub::send(PeerHandle peer, std::string topic, const v1::DownMessage& message) {
  if (peer != 0) {
    push({peer, std::move(topic), message.SerializeAsString()});
  }
}

void Hub::fault(PeerHandle peer, const Error& error) {
  v1::DownMessage message;
  v1::Fault& fault = *message.mutable_fault();
  fault.set_code(static_cast<std::uint32_t>(error.code));
  fault.set_text(error.detail);
  fault.set_retry_after_ms(retry_after(error.code));
  send(peer, std::string(kControl), message);
}

Result<void> Hub::receive(PeerHandle peer, const Hash& transport_key_id, std::string_view frame) {
  const auto refuse_with = [&](Error error) -> Result<void> {
    fault(peer, error);
    return std::unexpected(std::move(error));
  };
  const exchange::NodeInfo* const info =
      sequencer_.directory().node_of_transport_key(transport_key_id);
  if (info == nullptr) {
    return refuse_with({ErrorCode::kUnknownMember, "transport key " + hex(transport_key_id) +
                                                       " is of no node that is enrolled"});
  }
  Result<v1::UpMessage> parsed = exchange::parse_wire<v1::UpMessage>(
      frame, exchange::Reading::kStrict, {.bytes_max = exchange::kUpFrameBytesMax});
  if (!parsed.has_value()) {
    return refuse_with(parsed.error());
  }
  if (parsed->has_hello()) {
    Result<void> greeted = hello(peer, *info, parsed->hello());
    return greeted.has_value() ? Result<void>() : refuse_with(greeted.error());
  }
  const auto found = sessions_.find(info->signing_key.id());
  if (found == sessions_.end() || found->second.peer != peer) {
    return refuse_with({ErrorCode::kGap, "hello comes first"});
  }
  Session& session = found->second;
  session.heard_at = waking_.now();
  mark(found->first, session);
  switch (parsed->message_case()) {
    case v1::UpMessage::kSubmit:
      if (static_cast<std::size_t>(parsed->submit().envelopes_size()) > exchange::kSubmitCountMax) {
        return refuse_with({ErrorCode::kLimitExceeded, "too many envelopes in one submit"});
      }
      submit(peer, session.member, parsed->submit());
      return {};
    case v1::UpMessage::kCredit: {
      const v1::Credit& word = parsed->credit();
      credit(session, Lane::kPatient, word.cursor(), word.credits());
      credit(session, Lane::kUrgent, word.cursor_urgent(), word.credits_urgent());
      return {};
    }
    case v1::UpMessage::kFetch: {
      Result<void> fetched = fetch(peer, session, parsed->fetch());
      return fetched.has_value() ? Result<void>() : refuse_with(fetched.error());
    }
    case v1::UpMessage::kRestore:
      restore(peer, session, std::move(*parsed->mutable_restore()));
      return {};
    case v1::UpMessage::kAnswer:
      answers_.push_back({.node = found->first, .answer = std::move(*parsed->mutable_answer())});
      return {};
    case v1::UpMessage::kPing: {
      v1::DownMessage message;
      message.mutable_pong()->set_nonce(parsed->ping().nonce());
      message.mutable_pong()->set_log_size(sequencer_.tree().size());
      message.mutable_pong()->set_delivered(session.feeds.patient.window.next());
      message.mutable_pong()->set_delivered_urgent(session.feeds.urgent.window.next());
      message.mutable_pong()->set_caught_up(caught_up(session));
      send(peer, std::string(kControl), message);
      return {};
    }
    default:
      return refuse_with({ErrorCode::kMalformed, "a message that this hub does not serve"});
  }
}

Result<void> Hub::hello(PeerHandle peer, const exchange::NodeInfo& node, const v1::Hello& hello) {
  if (hello.protocol() != kProtocol) {
    return fail(ErrorCode::kUnknownVersion,
                "link protocol " + std::to_string(hello.protocol()) + ", this hub speaks 1");
  }
  if (hello.genesis() != as_view(sequencer_.directory().genesis())) {
    return fail(ErrorCode::kWrongGenesis,
                "this hub serves exchange " + hex(sequencer_.directory().genesis()));
  }
  if (hello.instance().size() != exchange::kInstanceBytes) {
    return fail(ErrorCode::kMalformed, "an instance of " + std::to_string(hello.instance().size()) +
                                           " bytes, not " +
                                           std::to_string(exchange::kInstanceBytes));
  }
  if (runs_elsewhere(peer, node, hello)) {
    return fail(
        ErrorCode::kNodeRunsElsewhere,
        "another daemon has the link of node " + hex(node.signing_key.id()) + " of " + node.member);
  }
  // A node ahead of this log, or beside it, has seen another one. Both keep what they have.
  const std::uint64_t followed = hello.followed().size();
  if (followed > 0 && followed < sequencer_.tree().size()) {
    greetings_.insert_or_assign(
        peer, Greeting{.transport_key_id = node.transport_key.id(), .hello = hello});
    std::erase_if(head_checks_, [&](const HeadCheck& check) { return check.peer == peer; });
    head_checks_.push_back({.peer = peer, .size = followed});
    return {};
  }
  if (followed > sequencer_.tree().size() ||
      (followed > 0 && hello.followed().root() != as_view(sequencer_.tree().root()))) {
    return foreign(peer, node, hello);
  }
  welcome(peer, node, hello);
  return {};
}

bool Hub::runs_elsewhere(PeerHandle peer, const exchange::NodeInfo& node,
                         const v1::Hello& hello) const {
  const auto found = sessions_.find(node.signing_key.id());
  return found != sessions_.end() && found->second.peer != peer &&
         found->second.instance != hello.instance() &&
         waking_.now() - found->second.heard_at < kSilenceMax;
}

std::vector<HeadCheck> Hub::take_head_checks() {
  return std::exchange(head_checks_, {});
}

Result<void> Hub::checked(const HeadCheck& check, const std::optional<Hash>& root) {
  const auto found = greetings_.find(check.peer);
  if (found == greetings_.end()) {
    return {};
  }
  const Greeting greeting = std::move(found->second);
  greetings_.erase(found);
  const exchange::NodeInfo* const node =
      sequencer_.directory().node_of_transport_key(greeting.transport_key_id);
  if (node == nullptr) {
    return {};
  }
  if (root.has_value() && greeting.hello.followed().root() == as_view(*root)) {
    welcome(check.peer, *node, greeting.hello);
    return {};
  }
  Result<void> refused = foreign(check.peer, *node, greeting.hello);
  fault(check.peer, refused.error());
  return refused;
}

// The first by which this log went on below what the node followed, and that the node's own log
// lacks. Where the node knows of more of them than this log, it is this log that lost something.
const exchange::Continuation* Hub::continuation_for(const v1::Hello& hello) const {
  const std::vector<exchange::Continuation>& ours = sequencer_.directory().continuations();
  const auto& theirs = hello.continued();
  const auto differs = std::ranges::mismatch(
      ours, theirs, [](const exchange::Continuation& one, const std::string& roster) {
        return as_view(one.roster) == roster;
      });
  const bool is_below = differs.in1 != ours.end() && differs.in1->size < hello.followed().size();
  return is_below ? &*differs.in1 : nullptr;
}

Result<void> Hub::foreign(PeerHandle peer, const exchange::NodeInfo& node, const v1::Hello& hello) {
  const std::uint64_t size = hello.followed().size();
  if (const exchange::Continuation* const at = continuation_for(hello); at != nullptr) {
    std::erase_if(batch_reads_, [&](const BatchRead& read) { return read.peer == peer; });
    batch_reads_.push_back({.peer = peer, .from = at->size, .count_max = 1, .greets = true});
    return fail(ErrorCode::kForeignLog, "the node verified size " + std::to_string(size) +
                                            ", and by a roster this log goes on at size " +
                                            std::to_string(at->size));
  }
  Error error{ErrorCode::kForeignLog, "the node verified size " + std::to_string(size) +
                                          ", this log has size " +
                                          std::to_string(sequencer_.tree().size())};
  // By a key that the directory of now names, or that this hub holds: a roster may be what is gone.
  std::vector<ledger::NoteKey> keys = sequencer_.directory().log_keys();
  for (const crypto::PublicKey& key : config_.log_keys) {
    keys.push_back({.name = keys.front().name, .type = ledger::kNoteEd25519, .key = key});
  }
  const Result<ledger::SignedCheckpoint> shown = ledger::open_checkpoint(hello.checkpoint(), keys);
  if (shown.has_value() && shown->checkpoint.size == size &&
      as_view(shown->checkpoint.root) == hello.followed().root() && !contradiction_.has_value()) {
    contradiction_ =
        Error{ErrorCode::kAdmissionStopped,
              "a node of " + node.member + " holds this hub's own checkpoint of size " +
                  std::to_string(size) + ", root " + hex(as_bytes(hello.followed().root())) +
                  ", which is not in this log of size " + std::to_string(sequencer_.tree().size())};
  }
  return std::unexpected(std::move(error));
}

std::optional<Error> Hub::admits_nothing() const {
  if (contradiction_.has_value() || start_quorum_.is_there()) {
    return contradiction_;
  }
  const StartProgress start = start_quorum_.progress(sequencer_.directory());
  std::string awaited;
  for (const std::string& member : start.awaited) {
    awaited += (awaited.empty() ? "" : ", ") + member;
  }
  return Error{ErrorCode::kAwaitingQuorum,
               "of " + std::to_string(start.needed) + " members that have to meet the hub " +
                   std::to_string(start.met.size()) + " have; it awaits " + awaited};
}

void Hub::welcome(PeerHandle peer, const exchange::NodeInfo& node, const v1::Hello& hello) {
  start_quorum_.met(node.member, sequencer_.directory());
  Session session{.peer = peer,
                  .transport_key_id = node.transport_key.id(),
                  .member = node.member,
                  .feeds = {},
                  .followed = hello.followed().size(),
                  .program = hello.program().substr(0, exchange::kNameBytesMax),
                  .instance = hello.instance(),
                  .heard_at = waking_.now(),
                  .pace = {config_.pace, now_}};
  const auto begin = [&](Lane lane, std::uint64_t cursor, const v1::Credits& credits) {
    session.feeds[lane].window =
        DeliveryWindow(config_.window, std::min(cursor, sequencer_.tree().size()));
    credit(session, lane, cursor, credits);
  };
  begin(Lane::kPatient, hello.cursor(), hello.credits());
  begin(Lane::kUrgent, hello.cursor_urgent(), hello.credits_urgent());
  const auto before = sessions_.find(node.signing_key.id());
  if (before != sessions_.end() && before->second.peer != peer) {
    ended_.push_back(before->second.peer);
  }
  const auto at = sessions_.insert_or_assign(node.signing_key.id(), std::move(session)).first;
  mark(at->first, at->second);

  v1::DownMessage message;
  v1::Welcome& welcome = *message.mutable_welcome();
  welcome.set_protocol(kProtocol);
  welcome.set_genesis(hello.genesis());
  *welcome.mutable_head() = exchange::tree_head(sequencer_.tree().size(), sequencer_.tree().root());
  welcome.set_program(config_.program);
  send(peer, std::string(kControl), message);
  tell_damaged(at->second);
  tell_witness_changes(at->second, hello.cosigned().size());
  tell_cosigned(at->second);
}

bool Hub::is_there(const exchange::NodeInfo& node) const {
  return sessions_.contains(node.signing_key.id());
}

void Hub::ask(const exchange::NodeInfo& witness, const v1::Round& round) {
  const auto session = sessions_.find(witness.signing_key.id());
  if (session != sessions_.end()) {
    v1::DownMessage message;
    *message.mutable_round() = round;
    send(session->second.peer, std::string(kControl), message);
  }
}

std::vector<WitnessAnswer> Hub::take_answers() {
  return std::exchange(answers_, {});
}

void Hub::tell_witness_changes(const Session& session, std::uint64_t cosigned_size) {
  for (const WitnessChange& change : witness_changes_) {
    if (change.size > cosigned_size) {
      v1::DownMessage message;
      message.mutable_round_result()->set_checkpoint(change.note);
      send(session.peer, std::string(kControl), message);
    }
  }
}

void Hub::tell_cosigned(const Session& session) {
  if (!cosigned_.checkpoint().empty()) {
    v1::DownMessage message;
    *message.mutable_round_result() = cosigned_;
    send(session.peer, std::string(kControl), message);
  }
}

void Hub::tell_cosigned() {
  for (const auto& [node, session] : sessions_) {
    tell_cosigned(session);
  }
}

void Hub::submit(PeerHandle peer, const std::string& member, const v1::Submit& submit) {
  std::vector<Outcome> refused;
  std::vector<std::uint64_t> previous_us(static_cast<std::size_t>(submit.envelopes_size()), 0);
  for (const v1::Predecessor& predecessor : submit.predecessors()) {
    const std::size_t place = predecessor.place();
    if (place >= 1 && place <= previous_us.size()) {  // Another place is of no envelope.
      previous_us[place - 1] = predecessor.created_at_us();
    }
  }
  for (int i = 0; i < submit.envelopes_size(); ++i) {
    exchange::Envelope envelope = sequencer_.spare_envelope();
    if (const Result<void> parsed = exchange::parse_envelope_into(envelope, submit.envelopes(i),
                                                                  sequencer_.directory().genesis(),
                                                                  exchange::Bodies::kThere);
        !parsed.has_value()) {
      fault(peer, parsed.error());  // It has no notice id to refuse it by.
      continue;
    }
    if (std::optional<Outcome> outcome =
            take(peer, member, std::move(envelope), previous_us[static_cast<std::size_t>(i)]);
        outcome.has_value()) {
      refused.push_back(std::move(*outcome));
    }
  }
  refuse(refused);
}

std::optional<Outcome> Hub::take(PeerHandle peer, const std::string& member,
                                 exchange::Envelope envelope, std::uint64_t previous_us) {
  const v1::Draft& draft = envelope.draft;
  Outcome refused{.peer = peer, .notice_id = draft.notice_id(), .index = {}, .error = {}};
  const exchange::Lane lane = exchange::is_directory_kind(draft.kind())
                                  ? exchange::Lane::kUrgent
                                  : exchange::lane_of(draft.precedence());
  const std::uint64_t bytes = envelope.size();
  if (const auto wait = quotas_.wait(member, lane, bytes); wait.has_value()) {
    refused.error = Error{ErrorCode::kQuotaExceeded,
                          member + " sent more than its share of the hub's time: it has more in " +
                              std::to_string(wait->count()) + " ms"};
    refused.retry_after_ms = static_cast<std::uint64_t>(wait->count());
    return refused;
  }
  if (Result<void> offered = sequencer_.offer(peer, member, std::move(envelope), previous_us);
      !offered.has_value()) {
    refused.error = offered.error();
    return refused;
  }
  quotas_.take(member, lane, bytes);
  if (lane == Lane::kUrgent) {
    urgency_.passed(now_);
  }
  return std::nullopt;
}

void Hub::credit(Session& session, Lane lane, std::uint64_t cursor, const v1::Credits& credits) {
  Feed& feed = session.feeds[lane];
  const std::optional<exchange::Drained> drained =
      feed.window.credit(cursor, credits.items(), credits.bytes());
  if (lane == Lane::kPatient && drained.has_value()) {
    session.pace.drained(*drained, now_);
  }
  std::uint64_t& stored = stored_[session.member][lane];
  stored = std::max(stored, feed.window.cursor());
  feed.full = false;
}

Result<void> Hub::fetch(PeerHandle peer, Session& session, const v1::Fetch& fetch) {
  switch (fetch.kind()) {
    case v1::FETCH_KIND_BATCHES:
      if (fetch.from() > sequencer_.tree().size()) {
        return fail(ErrorCode::kForeignLog,
                    "the log has " + std::to_string(sequencer_.tree().size()) +
                        " entries, asked from " + std::to_string(fetch.from()));
      }
      session.followed = fetch.from();
      if (const auto page = std::exchange(session.log_page, std::nullopt);
          page.has_value() && page->end == fetch.from()) {
        session.pace.drained(
            {.bytes = page->bytes, .on_the_way = page->bytes, .sent_at = page->sent_at}, now_);
      }
      // A connection has one page to come at a time: asking again asks for another one instead.
      std::erase_if(batch_reads_, [&](const BatchRead& read) { return read.peer == peer; });
      batch_reads_.push_back({.peer = peer, .from = fetch.from()});
      return {};
    case v1::FETCH_KIND_DELIVERIES: {
      Feed& feed = session.feeds[exchange::lane_of(fetch.precedence_min())];
      feed.go_back(std::min(fetch.from(), sequencer_.tree().size()));
      return {};
    }
    default:
      return fail(ErrorCode::kMalformed, "fetch of nothing");
  }
}

void Hub::tell_damaged(const Session& session) {
  v1::DownMessage message;
  for (const DamagedEntry& entry : damaged_) {
    if (concerns(entry, session.member)) {
      message.mutable_damaged()->add_entries()->set_index(entry.index);
    }
  }
  if (message.has_damaged()) {
    send(session.peer, std::string(kControl), message);
  }
}

void Hub::tell_damaged() {
  for (const auto& [node, session] : sessions_) {
    tell_damaged(session);
  }
}

// Somebody else may have been quicker: what is whole again is passed over.
void Hub::restore(PeerHandle peer, const Session& session, v1::Restore restore) {
  const auto entry = std::ranges::find(damaged_, restore.index(), &DamagedEntry::index);
  if (entry != damaged_.end() && concerns(*entry, session.member)) {
    restores_.push_back({.peer = peer,
                         .member = session.member,
                         .index = restore.index(),
                         .envelope = std::move(*restore.mutable_envelope())});
  }
}

std::vector<RestoreRequest> Hub::take_restores() {
  return std::exchange(restores_, {});
}

void Hub::restored(std::uint64_t index) {
  std::erase_if(damaged_, [&](const DamagedEntry& entry) { return entry.index == index; });
  for (auto& [node, session] : sessions_) {
    read_again(node, session);
  }
}

void Hub::not_restored(const RestoreRequest& request, const Error& why) {
  fault(request.peer, why);
}

void Hub::at(SteadyTime now) {
  now_ = now;
  urgency_.at(now);
  const WakingClock::Time waking = waking_.turn(now);
  if (now < look_for_silence_at_) {
    return;  // With many sessions each turn would be spent on it.
  }
  look_for_silence_at_ = now + kLookForSilenceEvery;
  for (const auto& [node, session] : sessions_) {
    if (waking - session.heard_at >= kSilenceMax) {
      ended_.push_back(session.peer);
    }
  }
  for (const PeerHandle silent : ended_) {
    disconnected(silent);
  }
}

void Hub::disconnected(PeerHandle peer) {
  greetings_.erase(peer);
  missed_news_.erase(peer);
  std::erase_if(batch_reads_, [&](const BatchRead& read) { return read.peer == peer; });
  std::erase_if(sessions_, [&](const auto& item) { return item.second.peer == peer; });
}

void Hub::unsent(PeerHandle peer, const std::optional<FeedPlace>& place) {
  if (!place.has_value()) {
    missed_news_.insert(peer);
    return;
  }
  const auto found = session_at(peer);
  if (found == sessions_.end()) {
    return;
  }
  delivered_count_ -= place->count;
  Feed& feed = found->second.feeds[place->lane];
  if (place->first < feed.window.next()) {
    feed.go_back(place->first);
    mark(found->first, found->second);
  }
}

void Hub::tell_who_missed_news(const HasRoom& has_room) {
  v1::DownMessage message;
  message.mutable_batches()->set_log_size(sequencer_.tree().size());
  std::erase_if(missed_news_, [&](PeerHandle peer) {
    const bool may_go = !has_room || has_room(peer);
    if (may_go && session_of(peer) != nullptr) {
      send(peer, std::string(kLog), message);
    }
    return may_go;
  });
}

// One message of each sort for all that a submitter is owed.
void Hub::answer(const std::vector<Outcome>& outcomes, bool waiting) {
  std::map<PeerHandle, v1::DownMessage> accepted;
  std::map<PeerHandle, v1::DownMessage> refused;
  for (const Outcome& outcome : outcomes) {
    if (outcome.waits != waiting) {
      continue;
    }
    if (outcome.index.has_value()) {
      v1::AcceptedItem& item = *accepted[outcome.peer].mutable_accepted()->add_items();
      item.set_notice_id(outcome.notice_id);
      item.set_index(*outcome.index);
    } else if (outcome.error.has_value()) {
      v1::RefusedItem& item = *refused[outcome.peer].mutable_refused()->add_items();
      item.set_notice_id(outcome.notice_id);
      item.set_code(static_cast<std::uint32_t>(outcome.error->code));
      item.set_text(outcome.error->detail);
      item.set_retry_after_ms(outcome.retry_after_ms != 0 ? outcome.retry_after_ms
                                                          : retry_after(outcome.error->code));
    }
  }
  for (const auto* const messages : {&refused, &accepted}) {
    for (const auto& [peer, message] : *messages) {
      send(peer, std::string(kControl), message);
    }
  }
}

void Hub::refuse(const std::vector<Outcome>& outcomes) {
  answer(outcomes, /*waiting=*/false);
}

void Hub::committed(const Commit& commit, const std::string& checkpoint,
                    const std::vector<Outcome>& outcomes) {
  v1::DownMessage news;
  *news.mutable_batches()->add_batches() = log_batch(commit, checkpoint);
  news.mutable_batches()->set_log_size(commit.size_after);
  const bool is_directory = commit.type == ledger::LeafType::kDirectory;
  const std::string topic(is_directory ? kDirectoryTopic : kLog);
  const std::string bytes = news.SerializeAsString();
  for (auto& [node, session] : sessions_) {
    push({session.peer, topic, bytes});
    read_again(node, session);
  }
  answer(outcomes, /*waiting=*/true);
  if (!is_directory && std::ranges::any_of(commit.entries, [](const NewEntry& entry) {
        return exchange::lane_of(entry.envelope.draft.precedence()) == Lane::kUrgent;
      })) {
    urgency_.hold(now_);
  }
  if (is_directory) {
    // Whom this entry put out of force has been told so, and is told nothing after it.
    std::erase_if(sessions_, [&](const auto& item) {
      const exchange::NodeInfo* const node =
          sequencer_.directory().node_of_transport_key(item.second.transport_key_id);
      return node == nullptr || node->signing_key.id() != item.first;
    });
  }
}

void Hub::read_again(const Hash& node, Session& session) {
  for (const Lane lane : kLanes) {
    session.feeds[lane].exhausted = false;
  }
  mark(node, session);
}

void Hub::mark(const Hash& node, Session& session) {
  if (!std::exchange(session.marked, true)) {
    marked_.push_back(node);
  }
}

// Only of sessions of which something changed: of many most have nothing, in most turns.
std::vector<FeedRead> Hub::take_feed_reads(const HasRoom& has_room) {
  std::vector<std::pair<Hash, Session*>> changed;
  for (const Hash& node : std::exchange(marked_, {})) {
    const auto found = sessions_.find(node);
    if (found != sessions_.end() && std::exchange(found->second.marked, false)) {
      changed.emplace_back(node, &found->second);
    }
  }
  std::vector<FeedRead> reads;
  for (const Lane lane : kLanes) {
    for (const auto& [node, of_node] : changed) {
      Session& session = *of_node;
      Feed& feed = session.feeds[lane];
      const std::uint64_t items = feed.window.items_left();
      if (feed.reading || feed.exhausted || feed.full || items == 0) {
        continue;
      }
      if ((lane == Lane::kPatient && holds_patient()) || (has_room && !has_room(session.peer))) {
        mark(node, session);  // Time passes, room comes: nothing else says so.
        continue;
      }
      feed.reading = true;
      session.pace.at(now_, urgency_.is_on(now_));
      reads.push_back({.peer = session.peer,
                       .node = node,
                       .member = session.member,
                       .lane = lane,
                       .from = feed.window.next(),
                       .count_max = static_cast<std::size_t>(
                           std::min<std::uint64_t>(items, kDeliveredTogether)),
                       .bytes_max = static_cast<std::size_t>(std::min<std::uint64_t>(
                           feed.window.bytes_left(pace_of(session, lane)), kDeliverBytesTarget))});
    }
  }
  return reads;
}

void Hub::feed(const FeedRead& read, const std::vector<FeedEntry>& page) {
  const auto found = sessions_.find(read.node);
  if (found == sessions_.end()) {
    return;
  }
  Session& session = found->second;
  Feed& feed = session.feeds[read.lane];
  feed.reading = false;
  mark(found->first, session);
  if (feed.window.next() != read.from) {
    return;  // It went back meanwhile: the next read starts there.
  }
  // Only an empty page says that there is no more: a store cuts pages by their bytes as well.
  feed.exhausted = page.empty();
  std::vector<exchange::Delivered> deliveries;
  std::size_t bytes = 0;
  for (const FeedEntry& entry : page) {
    const std::string_view envelope = *entry.envelope;
    feed.full = !feed.window.admits(envelope.size(), pace_of(session, read.lane));
    if (feed.full || (bytes > 0 && bytes + envelope.size() > kDeliverBytesTarget)) {
      break;
    }
    feed.window.sent(entry.index, envelope.size(), now_);
    bytes += envelope.size();
    deliveries.push_back({.index = entry.index, .previous = entry.previous, .envelope = envelope});
  }
  if (!deliveries.empty() && session.peer != 0) {
    delivered_count_ += deliveries.size();
    push({.peer = session.peer,
          .topic = "to/" + session.member,
          .message = exchange::deliver_frame(deliveries, read.lane),
          .place = FeedPlace{
              .lane = read.lane, .first = deliveries.front().index, .count = deliveries.size()}});
  }
}

void Hub::put_back(const FeedRead& read) {
  if (const auto found = sessions_.find(read.node); found != sessions_.end()) {
    found->second.feeds[read.lane].reading = false;
    mark(found->first, found->second);
  }
}

std::vector<BatchRead> Hub::take_batch_reads(const HasRoom& has_room) {
  std::vector<BatchRead> reads;
  std::vector<BatchRead> later;
  for (BatchRead& read : std::exchange(batch_reads_, {})) {
    Session* const session = session_of(read.peer);
    if (session == nullptr && !read.greets) {
      continue;
    }
    if (has_room && !has_room(read.peer)) {
      later.push_back(read);
      continue;
    }
    if (session == nullptr) {
      reads.push_back(read);
      continue;
    }
    session->pace.at(now_, urgency_.is_on(now_));
    read.bytes_max = static_cast<std::size_t>(
        std::min<std::uint64_t>(session->pace.bytes(), exchange::kFrameBytesTarget));
    reads.push_back(read);
  }
  batch_reads_ = std::move(later);
  return reads;
}

void Hub::batches(const BatchRead& read, std::vector<v1::LogBatch> page) {
  v1::DownMessage message;
  message.mutable_batches()->set_log_size(sequencer_.tree().size());
  for (v1::LogBatch& batch : page) {
    *message.mutable_batches()->add_batches() = std::move(batch);
  }
  if (Session* const session = session_of(read.peer);
      session != nullptr && message.batches().batches_size() > 0) {
    const v1::LogBatch& last = *message.batches().batches().rbegin();
    const std::uint64_t end = last.first_index() + last.entries().size() / Hash{}.size();
    if (end < sequencer_.tree().size()) {  // Of the last one no Fetch says that it came.
      session->log_page = {.end = end, .bytes = message.ByteSizeLong(), .sent_at = now_};
    }
  }
  send(read.peer, std::string(kLog), message);
}

bool Hub::has_stored(const std::string& member, Lane lane, std::uint64_t index) const {
  const auto stored = stored_.find(member);
  return stored != stored_.end() && stored->second[lane] > index;
}

std::vector<Outgoing> Hub::take_outgoing() {
  outgoing_bytes_ = 0;
  return std::exchange(outgoing_, {});
}

std::vector<PeerHandle> Hub::take_ended() {
  return std::exchange(ended_, {});
}

std::map<Hash, Hub::Session>::iterator Hub::session_at(PeerHandle peer) {
  return std::ranges::find_if(sessions_,
                              [&](const auto& item) { return item.second.peer == peer; });
}

Hub::Session* Hub::session_of(PeerHandle peer) {
  const auto found = session_at(peer);
  return found == sessions_.end() ? nullptr : &found->second;
}

std::uint64_t Hub::caught_up(const Session& session) const {
  std::uint64_t size = sequencer_.tree().size();
  for (const Lane lane : kLanes) {
    const Feed& feed = session.feeds[lane];
    if (!feed.exhausted) {
      size = std::min(size, feed.window.next());
    }
  }
  return size;
}

WindowFill Hub::fullest(Lane lane) const {
  WindowFill fullest;
  for (const auto& [node, session] : sessions_) {
    const DeliveryWindow& window = session.feeds[lane].window;
    if (window.bytes_out() > fullest.bytes) {
      fullest = {.items = window.items_out(), .bytes = window.bytes_out()};
    }
  }
  return fullest;
}

bool Hub::has_session(PeerHandle peer) const {
  return std::ranges::any_of(sessions_, [&](const auto& item) { return item.second.peer == peer; });
}

std::vector<SessionInfo> Hub::sessions() const {
  std::vector<SessionInfo> infos;
  infos.reserve(sessions_.size());
  for (const auto& [node, session] : sessions_) {
    infos.push_back({.peer = session.peer,
                     .member = session.member,
                     .node = node,
                     .cursors = {.patient = session.feeds.patient.window.cursor(),
                                 .urgent = session.feeds.urgent.window.cursor()},
                     .followed = session.followed,
                     .program = session.program,
                     .bytes_on_the_way = {.patient = session.feeds.patient.window.bytes_out(),
                                          .urgent = session.feeds.urgent.window.bytes_out()},
                     .pace_bytes = session.pace.bytes()});
  }
  return infos;
}

}  // namespace chancery::broker
