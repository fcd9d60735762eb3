// Publishing and reading notices through the member's own node.
//
//   chancery::client::Client node(chancery::client::Options::from_file("client.toml"));
//   chancery::client::Draft draft;
//   draft.kind = "threat.alert";
//   draft.to = {"members"};
//   draft.subject = "Loss of a border sensor";
//   draft.content_json = R"({"category": "THREAT_CATEGORY_OTHER", "summary": "…"})";
//   const auto ticket = node.publish(draft);            // Durable in the node's outbox.
//   const auto outcome = ticket.wait(Stage::kLogged, std::chrono::seconds(30));
//
// Failures are thrown as Error (error.h). Nothing waits for ever: every call ends by its time-out.
//
// Threads: any thread may call any function at any time; calls of several threads go on side by
// side. The library has one thread of its own, which connects, and connects again after the node
// was away. A request that was under way is then sent again; the node answers it once more, and
// does nothing twice.
//
// After close() each call throws "client-closed", in the child of a fork "after-fork". All of this
// is a thin layer over the C interface (chancery.h): no class crosses into the library.
//
// docs/reference/client.md is the reference, client/examples/ shows how it is used.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chancery/chancery.h"
#include "chancery/error.h"
#include "chancery/notice.h"
#include "chancery/options.h"

namespace chancery::client {

enum class Verdict : std::uint8_t {
  kReached,  // The stage asked for, or a later one.
  kRefused,  // Final; `code` and `text` say why.
  kUnknown,  // The time was up. Not a failure: the notice may still be logged. Ask again.
};

struct Outcome {
  Verdict verdict = Verdict::kUnknown;
  Stage stage = Stage::kUnknown;  // As far as is known.
  std::uint64_t index = 0;        // From kLogged on.
  std::optional<Time> accepted_at;
  std::string code;    // Name of an error: why refused, or why nothing is known yet.
  std::string text;    // Of this code in general …
  std::string detail;  // … and what happened here.
  std::string remedy;
};

// A published notice. Cheap to copy; keeps the connection of its Client alive.
class Ticket {
 public:
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& notice() const { return notice_; }  // Its hash N.
  // Those it goes to, where "members" or "all" was asked for.
  [[nodiscard]] const std::vector<std::string>& recipients() const { return recipients_; }

  [[nodiscard]] Outcome wait(Stage stage, std::chrono::milliseconds timeout) const;

 private:
  friend class Client;
  Ticket() = default;

  std::string id_;
  std::string notice_;
  std::vector<std::string> recipients_;
  std::shared_ptr<chancery_client> handle_;
};

// A notice that was published, and what it came to in time.
struct PublishOutcome {
  Ticket ticket;
  Outcome outcome;
};

// Of one draft of a batch: its ticket, or why it was not taken.
struct BatchResult {
  std::optional<Ticket> ticket;
  std::optional<Error> error;
};

// Where a reader stands, in arrival numbers. Along a cursor urgent notices, of precedence immediate
// and above, overtake the patient ones: there it stands somewhere in each of the two.
struct Position {
  std::uint64_t arrival = 0;
  std::uint64_t arrival_urgent = 0;  // Used along a cursor only.

  friend bool operator==(const Position& a, const Position& b) {
    return a.arrival == b.arrival && a.arrival_urgent == b.arrival_urgent;
  }
};

struct InboxQuery {
  Position after;                    // What comes after it is given.
  std::uint32_t last = 0;            // Only the newest so many that match, of 500; 0: no limit.
  std::uint32_t limit = 100;         // Notices in one page, at most.
  std::vector<std::string> origins;  // Member codes; empty is all.
  std::vector<std::string> kinds;    // "threat.alert" or "consultation.*"; empty is all.
  std::vector<Status> statuses;      // Empty is all.
  std::optional<Precedence> precedence_min;
  std::optional<Time> since;          // Accepted at that time or later.
  std::chrono::milliseconds wait{0};  // For something to arrive, where nothing is there.
};

struct Page {
  std::vector<Notice> notices;  // By arrival; along a cursor the urgent ones first.
  Position next;                // Where to go on: `after`, or what to commit().
  // Along a cursor: the node's disk took no note that these were handed out. Should the node end
  // before it does, they may come again with `redelivered` false.
  bool unmarked = false;
};

// How notices are given back.
struct Nack {
  std::chrono::milliseconds delay{0};  // From now until they come again; at most seven days.
  std::uint32_t attempts_max = 0;      // Given back this often, they are quarantined; 0 is never.
  bool quarantine = false;             // They are, at once.
  std::string reason;                  // For people; at most 200 bytes.
};

// What became of a notice that was given back.
struct Deferral {
  std::uint64_t arrival = 0;
  std::uint32_t attempts = 0;  // So often was it given back.
  Time due_at;                 // By the node's clock.
  std::optional<Time> quarantined_at;
  std::string reason;
};

struct DeferredQuery {
  std::uint64_t after = 0;    // Arrival numbers above this.
  std::uint32_t limit = 100;  // Notices in one page, at most.
  bool waiting = false;       // Only those that are due some time, …
  bool quarantined = false;   // … only those that are not; neither or both: all.
};

struct DeferredEntry {
  Notice notice;  // Of its text only subject and language.
  Deferral deferral;
};

struct DeferredPage {
  std::vector<DeferredEntry> entries;  // By arrival.
  std::uint64_t next_after = 0;        // Where to go on.
  bool last = false;                   // There is nothing behind it.
};

struct Details {
  Notice notice;
  Stage stage = Stage::kUnknown;
  std::string envelope;  // The exact bytes, where the node holds them.
  std::string d;         // 64 digits.
  std::string leaf;      // The log's leaf, 73 bytes in hexadecimal.
  // Of the member's own notice: what its recipients say in signed and logged notices of their own.
  struct RecipientStage {
    std::string member;
    Stage stage = Stage::kUnknown;  // Delivered, read or actioned.
    Time at;                        // When the hub accepted what says so.
    std::uint64_t index = 0;        // Of that, in the log.
  };
  std::vector<RecipientStage> recipient_stages;
};

struct OutboxQuery {
  std::uint64_t after = 0;      // Numbers above this.
  std::uint32_t limit = 100;    // Notices in one page, at most.
  std::vector<Stage> stages{};  // kQueued, kLogged, kRefused; empty is all.
};

// A notice of the member's own, and what it came to.
struct OutboxEntry {
  Notice notice;             // Of its text only subject and language.
  std::uint64_t number = 0;  // In the order of publication.
  Stage stage = Stage::kUnknown;
  bool sent = false;   // It was signed once, and may have left.
  bool aside = false;  // It waits until the clocks of hub and node agree that it has not expired.
  std::string application;  // That published it.
  std::string code;         // Name of an error: why it is refused, or was not taken yet.
  std::string text;         // As in Outcome.
  std::string detail;
  std::string remedy;
};

struct OutboxPage {
  std::vector<OutboxEntry> entries;
  std::uint64_t next_after = 0;  // Where to go on.
  bool last = false;             // There is nothing behind it.
};

struct CursorState {
  std::string name;
  Position stands;
};

struct Cursors {
  std::vector<CursorState> cursors;  // By name.
  std::uint64_t newest_arrival = 0;
};

struct Stats {
  bool connected = false;
  std::uint64_t connection_count = 0;  // So often was a connection made.
  std::uint64_t request_count = 0;
  std::uint64_t resend_count = 0;  // Requests sent again after a lost connection.
  std::uint64_t timeout_count = 0;
};

class Client {
 public:
  // Returns without waiting for the node: whether it is there shows with the first call.
  explicit Client(const Options& options);
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Ends the connection, also for its tickets, and the calls that other threads have under way. A
  // destructor alone leaves it to the tickets that there are.
  void close() noexcept;

  // Returns when the notice is durable in the node's outbox. After "unknown-outcome" or
  // "no-daemon", publish the same draft with Error::notice_id(): it stays one notice.
  [[nodiscard]] Ticket publish(const Draft& draft);

  // As publish() and then Ticket::wait(), in one way to the node: for those who wait for each
  // notice. The time counts from the call. Throws as publish() does; what keeps it from waiting for
  // what was published is in the outcome.
  [[nodiscard]] PublishOutcome publish_until(const Draft& draft, Stage stage,
                                             std::chrono::milliseconds timeout);

  // Publishes that people here read a notice of another member (Stage::kRead), or acted on it
  // (Stage::kActioned): to its origin, with its status, precedence and label. Named as for show().
  [[nodiscard]] Ticket acknowledge(const std::string& name, Stage level,
                                   const std::string& remark = "");

  // Many notices, on their way side by side: a result for each, in their order. Some may be taken
  // and others not; publish those again whose error is retryable(), with Error::notice_id().
  [[nodiscard]] std::vector<BatchResult> publish_batch(const std::vector<Draft>& drafts);

  // For a notice of an earlier run, by its id; as Ticket::wait.
  [[nodiscard]] Outcome wait(const std::string& id, Stage stage, std::chrono::milliseconds timeout);

  [[nodiscard]] Page inbox(const InboxQuery& query);

  // From where the application's durable cursor of this name stands, or from `after` where that is
  // further; urgent notices first. The cursor moves by commit() only: what was read and not
  // committed is read again.
  [[nodiscard]] Page read(const std::string& cursor, const InboxQuery& query = {});
  // Everything up to here is done with. Gives where the cursor now stands: it never goes back.
  Position commit(const std::string& cursor, const Position& done);

  // Everything of the page is done with: it ends where the cursor now is, and what in it had been
  // given back comes no more. What was given back since the page was read stays so.
  Position ack(const std::string& cursor, const Page& page);
  // This one is: along a cursor that passed by it, or for good once it has.
  void ack(const std::string& cursor, const Notice& notice);
  // Not now: gives back notices that were read along the cursor. They let it pass, and come again
  // along it, `redelivered`, when they are due. Gives what became of them, without those that were
  // done with meanwhile. "queue-full" where the application has given back too many.
  std::vector<Deferral> nack(const std::string& cursor, const std::vector<Notice>& notices,
                             const Nack& how = {});
  // What was given back along the cursor: waiting, or quarantined.
  [[nodiscard]] DeferredPage deferred(const std::string& cursor, const DeferredQuery& query = {});
  // These come again now, whether they wait or are quarantined. Gives how many.
  std::uint64_t redrive(const std::string& cursor, const std::vector<std::uint64_t>& arrivals);
  std::uint64_t redrive_all(const std::string& cursor);  // All that are quarantined.

  // Puts it there, also backwards: what was read comes again, and what was given back stays so.
  Position reset(const std::string& cursor, const Position& to);
  // Those of this application.
  [[nodiscard]] Cursors cursors();

  // What the member published of the kinds that this application may publish, oldest first.
  [[nodiscard]] OutboxPage outbox(const OutboxQuery& query = {});
  // Withdraws a notice that was not sent yet; afterwards it is "already-sent".
  Outcome cancel(const std::string& id);
  // Has a notice that was refused, or waits aside, sent again.
  Outcome retry(const std::string& id);

  // A notice by its hash N or at least 8 digits of it, by its id (a UUID), or by its index (digits
  // only; where there is no such index, digits of N). "not-found" where the node has none, or may
  // not show it to this application.
  [[nodiscard]] Details show(const std::string& name);

  [[nodiscard]] Stats stats() const;

 private:
  [[nodiscard]] Ticket ticket_of(const detail::JsonObject& json) const;

  std::shared_ptr<chancery_client> handle_;
};

}  // namespace chancery::client

#include "chancery/detail/client.h"  // How.
