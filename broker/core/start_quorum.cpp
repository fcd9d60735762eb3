#include "broker/core/start_quorum.h"

#include <algorithm>

#include "core/exchange/witnesses.h"

namespace chancery::broker {

void StartQuorum::met(std::string_view member, const exchange::Directory& directory) {
  if (!is_there_) {
    met_.emplace(member);
    const StartProgress now = progress(directory);
    is_there_ = now.met.size() >= now.needed;
  }
}

StartProgress StartQuorum::progress(const exchange::Directory& directory) const {
  const exchange::WitnessSet witnesses = exchange::witnesses_of(directory);
  StartProgress progress{
      .needed = std::min(witnesses.quorum, witnesses.keys.size()), .met = {}, .awaited = {}};
  for (const ledger::NoteKey& witness : witnesses.keys) {
    const exchange::NodeInfo* const node = exchange::witness_node(directory, witness.name);
    (met_.contains(node->member) ? progress.met : progress.awaited).push_back(node->member);
  }
  return progress;
}

}  // namespace chancery::broker
