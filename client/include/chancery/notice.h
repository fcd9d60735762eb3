// Notices as applications see them: a Draft on the way out, a Notice on the way in.
//
// Identifiers are text in the form that people see elsewhere: a notice is 64 hexadecimal digits
// (its hash N), a notice id is a UUID. Text from other members is untrusted: escape it for where
// you show it.
//
// Values; any thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::client {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

enum class Status : std::uint8_t { kActual = 1, kExercise = 2, kTest = 3, kDraft = 4 };

// In rising order.
enum class Precedence : std::uint8_t {
  kDeferred = 1,
  kRoutine = 2,
  kPriority = 3,
  kImmediate = 4,
  kFlash = 5,
  kOverride = 6,
};

// Traffic Light Protocol 2.0.
enum class Tlp : std::uint8_t {
  kNone = 0,
  kClear = 1,
  kGreen = 2,
  kAmber = 3,
  kAmberStrict = 4,
  kRed = 5,
};

enum class Role : std::uint8_t { kAction = 1, kInfo = 2 };

enum class Stage : std::uint8_t {
  kUnknown = 0,
  kQueued = 1,     // Durable in the node's outbox.
  kLogged = 2,     // In the common log, and the node verified that it is.
  kWitnessed = 3,  // Under a quorum of cosignatures.
  kDelivered = 4,  // Witnessed, and covered by a statement of each recipient.
  kRefused = 5,    // Final: it was not logged and will not be.
  kRead = 6,       // Of one recipient: its people acknowledged it, …
  kActioned = 7,   // … or acted on it.
};

// "flash", "exercise", "amber-strict", "action", "logged"; "none" for kNone.
[[nodiscard]] std::string to_string(Status status);
[[nodiscard]] std::string to_string(Precedence precedence);
[[nodiscard]] std::string to_string(Tlp tlp);
[[nodiscard]] std::string to_string(Role role);
[[nodiscard]] std::string to_string(Stage stage);
// Throw Error "usage", naming the choices.
[[nodiscard]] Status status_from(std::string_view word);
[[nodiscard]] Precedence precedence_from(std::string_view word);
[[nodiscard]] Tlp tlp_from(std::string_view word);

struct Label {
  std::string classification;  // Empty is the exchange's lowest.
  std::vector<std::string> handling;
  Tlp tlp = Tlp::kNone;
};

struct Draft {
  std::string kind;  // "threat.alert"; kinds() lists them.
  Status status = Status::kActual;
  Precedence precedence = Precedence::kRoutine;
  Label label;
  // Member codes, "members" or "all"; those in `info` are told, those in `to` are asked to act.
  std::vector<std::string> to;
  std::vector<std::string> info;
  std::optional<Time> expires_at;

  std::string subject;
  std::string language;             // BCP 47, as "ru".
  std::string content_json = "{}";  // The fields of the kind.

  // References to other notices, each by its 64 digits.
  std::string thread;
  std::string in_reply_to;
  std::vector<std::string> supersedes;
  std::vector<std::string> cancels;
  std::string translation_of;  // The authentic text, of which this one is a translation.
  std::optional<Time> reply_by;

  bool clear = false;  // Unsealed, where the roster allows it.

  // The idempotency key: the same id with the same content is the same notice, however often it is
  // published. Empty: the library makes one. Set it (new_notice_id()) and store it beforehand
  // where a crash of the application must not publish twice.
  std::string id;
};

struct Recipient {
  std::string member;
  Role role = Role::kAction;
};

struct Attachment {
  std::string name;
  std::string media_type;
  std::uint64_t size = 0;
};

// The node verified its signatures, its place in the log and, where sealed, that it opens.
struct Notice {
  std::uint64_t arrival = 0;  // The node's own count; 0 for a notice of one's own.
  std::uint64_t index = 0;    // In the common log, where it is logged.
  Time accepted_at;           // By the hub, as logged.
  Time created_at;            // By the origin's node.
  Time arrived_at;            // At this node.

  std::string notice;  // Its hash N, 64 digits.
  std::string id;      // UUID.
  std::string origin;  // Member code.
  std::string kind;
  std::string status;  // Words, as to_string() gives: a newer exchange may have more of them.
  std::string precedence;
  Label label;
  std::vector<Recipient> recipients;
  std::optional<Time> expires_at;

  std::string subject;
  std::string language;
  // The fields of the kind; {"unknown": "<hex>"} where this library does not know them.
  std::string content_json;
  // What it lacks of what its kind asks for: "summary is missing: give a text". The library and
  // the node let nobody publish such a notice; other software may.
  std::vector<std::string> problems;

  std::string thread;
  std::string in_reply_to;
  std::vector<std::string> supersedes;
  std::vector<std::string> cancels;
  std::string translation_of;
  std::optional<Time> reply_by;
  std::vector<Attachment> attachments;

  // False: in the outbox, not yet; in the inbox, not any more, since the hub lost the end of its
  // log and the origin has not handed it in again.
  bool logged = false;
  // A quorum of the members' witnesses has cosigned the log with it, as the node knew when it
  // answered. Until then two members may have been shown two logs.
  bool witnessed = false;
  bool sealed = false;
  bool own = false;               // Published by this member.
  std::optional<Time> erased_at;  // Its text was erased then, under the roster's retention rule.
  std::string key_id;             // Of the signing key, 64 digits.

  // Along a cursor: it may have been handed out along it before. False: it certainly was not.
  bool redelivered = false;
  std::uint32_t attempts = 0;  // Along a cursor: so often was it given back there.
};

// As `chancery show --json` has it, on one line: for those who pass it on.
[[nodiscard]] std::string to_json(const Notice& notice);

struct KindField {
  std::string name;
  // "text", "list of text", "number", "true or false", "one of a, b", "bytes (base64)"
  std::string type;
  bool required = false;
  std::string rule;                    // What it takes, as "one line of at most 500 characters".
  std::string label;                   // Its name for people, in English …
  std::string label_ru;                // … and in Russian.
  std::vector<KindField> fields = {};  // Of an object.
};

struct Kind {
  std::string name;
  std::string title;     // In English …
  std::string title_ru;  // … and in Russian.
  std::vector<KindField> fields;
  std::vector<std::string> rules;  // How fields belong together: "begins is not after ends".
};

// The kinds that this library can make and read, by name.
[[nodiscard]] std::vector<Kind> kinds();

// A UUIDv7.
[[nodiscard]] std::string new_notice_id();

}  // namespace chancery::client

#include "chancery/detail/notice.h"  // How.
