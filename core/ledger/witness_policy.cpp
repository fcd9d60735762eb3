#include "core/ledger/witness_policy.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/encoding.h"
#include "core/ledger/lines.h"

namespace chancery::ledger {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kNone = "none";
constexpr std::string_view kDirectoryGroup = "witnesses";

std::unexpected<Error> bad_policy(std::string detail) {
  return fail(ErrorCode::kMalformed, std::move(detail));
}

Result<void> within(std::size_t count, std::size_t most, std::string_view what) {
  if (count > most) {
    return fail(ErrorCode::kLimitExceeded,
                "a policy of more than " + std::to_string(most) + " " + std::string(what));
  }
  return {};
}

bool is_policy_octet(std::uint8_t octet) {
  return octet == '\t' || octet == '\n' || (octet >= 0x20U && octet != 0x7fU);
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = line.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string line_end(const std::string& url) {
  return url.empty() ? "\n" : " " + url + "\n";
}

}  // namespace

class WitnessPolicy::Reader {
 public:
  Result<void> read(std::string_view line) {
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) {
      return {};
    }
    if (words[0] == "log" && (words.size() == 2 || words.size() == 3)) {
      return read_log(words);
    }
    if (words[0] == "witness" && (words.size() == 3 || words.size() == 4)) {
      return read_witness(words);
    }
    if (words[0] == "group" && words.size() >= 4) {
      return read_group(words);
    }
    if (words[0] == "quorum" && words.size() == 2) {
      return read_quorum(words[1]);
    }
    return bad_policy("a line of a policy that is none of log, witness, group and quorum");
  }

  Result<WitnessPolicy> end() {
    if (!has_quorum_line_) {
      return bad_policy("a policy without a quorum");
    }
    return std::move(policy_);
  }

 private:
  Result<NoteKey> new_key(std::string_view vkey, std::uint8_t type) {
    CHANCERY_TRY(NoteKey key, NoteKey::parse(vkey));
    if (key.type != type) {
      return bad_policy("the key of " + key.name + " is of another type");
    }
    if (!keys_.insert(key.key).second) {
      return bad_policy("the key of " + key.name + " stands twice");
    }
    return key;
  }

  Result<void> define(std::string_view name, Member member) {
    if (name == kNone || !names_.emplace(name, member).second) {
      return bad_policy("the name " + std::string(name) + " is taken");
    }
    return {};
  }

  Result<Member> defined(std::string_view name) const {
    const auto found = names_.find(name);
    if (found == names_.end()) {
      return bad_policy("nothing above is called " + std::string(name));
    }
    return found->second;
  }

  Result<void> read_log(std::span<const std::string_view> words) {
    CHANCERY_TRY_VOID(within(policy_.log_keys_.size() + 1, kPolicyLogsMax, "logs"));
    CHANCERY_TRY(NoteKey key, new_key(words[1], kNoteEd25519));
    policy_.log_keys_.push_back(std::move(key));
    policy_.log_urls_.emplace_back(words.size() > 2 ? words[2] : "");
    return {};
  }

  Result<void> read_witness(std::span<const std::string_view> words) {
    CHANCERY_TRY_VOID(within(policy_.witness_keys_.size() + 1, kPolicyWitnessesMax, "witnesses"));
    CHANCERY_TRY(NoteKey key, new_key(words[2], kNoteCosignature));
    CHANCERY_TRY_VOID(define(words[1], {.group = false, .index = policy_.witness_keys_.size()}));
    policy_.witness_keys_.push_back(std::move(key));
    policy_.witness_names_.emplace_back(words[1]);
    policy_.witness_urls_.emplace_back(words.size() > 3 ? words[3] : "");
    return {};
  }

  Result<void> read_group(std::span<const std::string_view> words) {
    CHANCERY_TRY_VOID(within(policy_.groups_.size() + 1, kPolicyGroupsMax, "groups"));
    const std::span<const std::string_view> members = words.subspan(3);
    Group group{.name = std::string(words[1]), .threshold = 1, .members = {}};
    if (words[2] == "all") {
      group.threshold = members.size();
    } else if (words[2] != "any") {
      CHANCERY_TRY(group.threshold, from_decimal(words[2]));
    }
    if (group.threshold < 1 || group.threshold > members.size()) {
      return bad_policy("the group " + group.name + " asks for none, or for more than it has");
    }
    for (const std::string_view name : members) {
      CHANCERY_TRY(const Member member, defined(name));
      if (!grouped_.emplace(name).second) {
        return bad_policy(std::string(name) + " is a member twice");
      }
      group.members.push_back(member);
    }
    CHANCERY_TRY_VOID(define(group.name, {.group = true, .index = policy_.groups_.size()}));
    policy_.groups_.push_back(std::move(group));
    return {};
  }

  Result<void> read_quorum(std::string_view name) {
    if (std::exchange(has_quorum_line_, true)) {
      return bad_policy("a policy with two quorums");
    }
    if (name != kNone) {
      CHANCERY_TRY(policy_.quorum_, defined(name));
    }
    return {};
  }

  WitnessPolicy policy_;
  bool has_quorum_line_ = false;
  std::set<crypto::PublicKey> keys_;
  std::map<std::string, Member, std::less<>> names_;
  std::set<std::string, std::less<>> grouped_;
};

Result<WitnessPolicy> WitnessPolicy::parse(std::string_view text) {
  CHANCERY_TRY_VOID(within(text.size(), kPolicyBytesMax, "bytes"));
  if (!text.ends_with('\n') || !std::ranges::all_of(as_bytes(text), is_policy_octet)) {
    return bad_policy("a policy with control bytes, or that does not end its last line");
  }
  Reader reader;
  std::size_t number = 0;
  while (const std::optional<std::string_view> line = take_line(text)) {
    ++number;
    if (Result<void> read = reader.read(*line); !read.has_value()) {
      return fail(read.error().code, "line " + std::to_string(number) + ": " + read.error().detail);
    }
  }
  return reader.end();
}

Result<WitnessPolicy> WitnessPolicy::any_of(std::span<const NoteKey> logs,
                                            std::span<const NoteKey> witnesses,
                                            std::size_t quorum) {
  std::string text;
  std::string group = "group " + std::string(kDirectoryGroup) + " " + std::to_string(quorum);
  for (const NoteKey& log : logs) {
    text += "log " + log.format() + "\n";
  }
  for (const NoteKey& witness : witnesses) {
    text += "witness " + witness.name + " " + witness.format() + "\n";
    group += " " + witness.name;
  }
  const auto named = [](const NoteKey& key) { return is_key_name(key.name); };
  if (!std::ranges::all_of(logs, named) || !std::ranges::all_of(witnesses, named)) {
    return bad_policy("a key whose name would not be one word of a policy");
  }
  return parse(quorum == 0 ? text + "quorum none\n"
                           : text + group + "\nquorum " + std::string(kDirectoryGroup) + "\n");
}

const std::string& WitnessPolicy::name_of(const Member& member) const {
  return member.group ? groups_[member.index].name : witness_names_[member.index];
}

std::string WitnessPolicy::format() const {
  std::string text;
  for (std::size_t i = 0; i < log_keys_.size(); ++i) {
    text += "log " + log_keys_[i].format() + line_end(log_urls_[i]);
  }
  for (std::size_t i = 0; i < witness_keys_.size(); ++i) {
    text += "witness " + witness_names_[i] + " " + witness_keys_[i].format() +
            line_end(witness_urls_[i]);
  }
  for (const Group& group : groups_) {
    text += "group " + group.name + " " + std::to_string(group.threshold);
    for (const Member& member : group.members) {
      text += " " + name_of(member);
    }
    text += "\n";
  }
  return text + "quorum " + (quorum_.has_value() ? name_of(*quorum_) : std::string(kNone)) + "\n";
}

bool WitnessPolicy::has_quorum(std::span<const Cosignature> cosignatures) const {
  std::vector<bool> witnesses(witness_keys_.size());
  for (const Cosignature& cosignature : cosignatures) {
    CHANCERY_CHECK(cosignature.witness < witnesses.size());
    witnesses[cosignature.witness] = true;
  }
  std::vector<bool> groups;
  const auto signed_by = [&](const Member& member) {
    return member.group ? groups[member.index] : witnesses[member.index];
  };
  for (const Group& group : groups_) {
    groups.push_back(std::ranges::count_if(group.members, signed_by) >=
                     static_cast<std::ptrdiff_t>(group.threshold));
  }
  return !quorum_.has_value() || signed_by(*quorum_);
}

Result<WitnessedCheckpoint> open_checkpoint(std::string_view note_text,
                                            const WitnessPolicy& policy) {
  CHANCERY_TRY(SignedCheckpoint checkpoint, open_checkpoint(note_text, policy.log_keys()));
  CHANCERY_TRY(std::vector<Cosignature> cosignatures,
               verify_cosignatures(checkpoint.note, policy.witness_keys()));
  if (!policy.has_quorum(cosignatures)) {
    return fail(ErrorCode::kSignatureMissing, "the checkpoint of size " +
                                                  std::to_string(checkpoint.checkpoint.size) +
                                                  " lacks cosignatures for its quorum: it has " +
                                                  std::to_string(cosignatures.size()));
  }
  return WitnessedCheckpoint{.checkpoint = std::move(checkpoint),
                             .cosignatures = std::move(cosignatures)};
}

}  // namespace chancery::ledger
