// The rounds in which witnesses cosign the log. Protocol chapter 12 (C-180 to C-186).
//
// One candidate at a time for the whole exchange: the newest checkpoint of when the round begins.
// Each witness that is there is asked to cosign it (ledger/witness.h), with a proof from the size
// that it cosigned last. A round ends when all have answered, a little after it has a quorum, or at
// its time; what has a quorum is the new cosigned head. A round begins where the log has grown
// since, or where the head's times get old, and only while those who are there can make a quorum.
//
// Never in the way of a delivery: nobody waits for a round. Pure; the clock is an argument. Its
// owner reads the proofs, sends the requests, keeps and tells the result, and says which
// checkpoints there are.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/heads.h"
#include "chancery/v1/link.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/note.h"

namespace chancery::broker {

struct RoundLimits {
  std::chrono::milliseconds round_max{1000};
  std::chrono::milliseconds grace{50};     // After a quorum, for those who are a little later.
  std::chrono::milliseconds spacing{100};  // From the beginning of one to that of the next.
  std::chrono::milliseconds pause{1000};   // After a round without a quorum.
  std::chrono::milliseconds idle{30'000};  // A head is cosigned again after so long.
  // From when a quorum is there, after a start, to the first round: what members handed in while
  // the hub was away comes below the first head that is cosigned, and so before a cut (C-226).
  std::chrono::milliseconds settle{2000};
  std::size_t asked_count_max = 4;  // One witness, in one round.
};

// A proof that a request needs: that the log at `size` begins with the log at `old_size`.
struct ProofRead {
  std::uint64_t round = 0;
  std::string witness;
  std::uint64_t old_size = 0;
  std::uint64_t size = 0;
};

struct RoundRequest {
  std::string witness;
  v1::Round round;
};

class Rounds {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Whether a witness of this name can be asked now.
  using IsThere = std::function<bool(const std::string&)>;

  explicit Rounds(const RoundLimits& limits, std::optional<CosignedHead> newest = std::nullopt)
      : limits_(limits), newest_(std::move(newest)) {}

  // The log has grown, or its hub has started.
  void log_is(SignedHead head) { log_ = std::move(head); }

  // Ends a round whose time is over, and begins the next where one is due.
  void turn(Time now, const IsThere& is_there);
  [[nodiscard]] std::vector<ProofRead> take_reads();
  // The proof that a read asked for; those of a round that is over are dropped.
  void proven(const ProofRead& read, const std::vector<Hash>& proof);
  [[nodiscard]] std::vector<RoundRequest> take_requests();

  // What a witness said; of a round that is over it is passed over. To be logged, and the end of
  // the witness's part in this round: kBadCheckpoint where its line does not verify, kForeignLog
  // where it cosigned more than this log has, kUnavailable where it refuses.
  [[nodiscard]] Result<void> answer(Time now, const std::string& witness, const v1::Answer& answer);

  // A new head at quorum, once.
  [[nodiscard]] std::optional<CosignedHead> take_result();

  [[nodiscard]] const std::optional<CosignedHead>& newest() const { return newest_; }
  // How much of the log no quorum has cosigned.
  [[nodiscard]] std::uint64_t lag() const;
  [[nodiscard]] bool is_running() const { return round_.has_value(); }

 private:
  struct Asked {
    ledger::NoteKey key;
    std::size_t count = 0;
    bool done = false;  // It answered, or it is not asked any more.
  };
  struct Round {
    SignedHead head;
    std::vector<exchange::WitnessSet> sets;  // It is to be at quorum under each (C-182).
    std::map<std::string, Asked> asked;
    ledger::Note note;                           // With what was answered so far …
    std::vector<exchange::CosignedBy> cosigned;  // … and verified.
    std::optional<std::uint64_t> time_s;
    Time began_at;
    std::optional<Time> quorum_at;
  };

  [[nodiscard]] bool is_due(Time now) const;
  void begin(Time now, const SignedHead& head, const IsThere& is_there);
  void end(Time now, Round& round);
  void ask(const Round& round, Asked& asked, std::uint64_t old_size);
  Result<void> cosigned(Time now, Round& round, Asked& asked, const std::string& text);
  Result<void> other_size(const Round& round, Asked& asked, const std::string& text);

  RoundLimits limits_;
  std::optional<CosignedHead> newest_;
  std::optional<SignedHead> log_;
  std::optional<Round> round_;
  std::uint64_t number_ = 0;
  std::optional<Time> settles_at_;  // Not before; since a quorum was there.
  std::optional<Time> began_at_;    // The newest round.
  std::optional<Time> ended_at_;    // One without a quorum, since the last that had one.
  std::optional<Time> renewed_at_;  // newest_, since this start.
  struct Known {
    Hash key_id{};
    std::uint64_t size = 0;
  };
  std::map<std::string, Known> sizes_;  // What each witness cosigned last, as far as known.
  std::vector<ProofRead> reads_;
  std::vector<RoundRequest> requests_;
  std::optional<CosignedHead> result_;
};

}  // namespace chancery::broker
