#include "cli/prove.h"

#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

#include "cli/display.h"
#include "cli/verify.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr mode_t kFileMode = 0600;  // It may have a text in it.

constexpr std::chrono::milliseconds kBetweenTries{250};

struct Proven {
  Proof proof;
  Explained what;
};

Result<Proven> prove(const DaemonTarget& target, const v1::ProveRequest& request,
                     std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    Proven proven;
    CHANCERY_TRY(proven.proof, ask_proof(target, request));
    CHANCERY_TRY(proven.what, explain_evidence(proven.proof.file, proven.proof.genesis));
    if (proven.what.report.witnessed() || !proven.proof.from_daemon ||
        std::chrono::steady_clock::now() >= until) {
      return proven;
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace

Result<int> run_prove(const ProveOptions& options, const Shared& shared) {
  v1::ProveRequest request;
  CHANCERY_TRY(*request.mutable_notice(), notice_prefix(options.notice));
  request.set_hide_text(options.hide_text);
  request.set_thread(options.thread);
  CHANCERY_TRY(const std::chrono::milliseconds patience, text::parse_duration(options.wait));
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  if (target.is_hub) {
    return fail(ErrorCode::kUsage, "a member's node proves a notice, the hub opens none");
  }
  CHANCERY_TRY(const Proven proven, prove(target, request, patience));
  const Proof& proof = proven.proof;
  CHANCERY_TRY_VOID(os::write_file_new(options.output, proof.file, kFileMode));
  if (shared.json) {
    text::Json json = as_json(proven.what);
    json["file"] = options.output;
    json["bytes"] = proof.file.size();
    json["sha256"] = hex(crypto::sha256({as_bytes(proof.file)}));
    std::cout << json_line(json) << "\n";
  } else {
    std::cout << describe_evidence(proven.what) << "\nWritten to " << harmless(options.output)
              << ", " << proof.file.size()
              << " bytes. Whoever has it and this program verifies it with:\n"
              << "  chancery verify " << harmless(options.output) << " --genesis "
              << hex(proof.genesis) << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
