// The two heads of a log (design: the newest signed one, and the newest one at quorum).

#pragma once

#include <cstdint>
#include <string>

#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"

namespace chancery::broker {

// A checkpoint that the log signed, and who its witnesses are: as of the directory at its size.
struct SignedHead {
  ledger::Checkpoint checkpoint;
  std::string note;
  exchange::WitnessSet witnesses;
};

// One with a quorum: the note has a line of each witness that cosigned.
struct CosignedHead {
  SignedHead head;
  std::uint64_t time_s = 0;  // Of the quorum (C-181).
  // Its witnesses are not those of the head at quorum before it (C-182), or there is none before.
  bool changes_witnesses = false;
};

// Such a head: whoever missed it cannot judge those after it.
struct WitnessChange {
  std::uint64_t size = 0;
  std::string note;
};

}  // namespace chancery::broker
