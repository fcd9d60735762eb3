#include "cli/prove.h"

#include <iostream>
#include <utility>

#include "cli/display.h"
#include "cli/verify.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/evidence.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "node/store/evidence.h"

namespace chancery::cli {
namespace {

constexpr mode_t kFileMode = 0600;  // It may have a text in it.

}  // namespace

Result<int> run_prove(const ProveOptions& options, const Shared& shared) {
  v1::ProveRequest request;
  const Result<std::string> notice = from_hex(options.notice);
  if (!notice.has_value() || notice->size() < node::kNoticePrefixBytesMin ||
      notice->size() > Hash{}.size()) {
    return fail(ErrorCode::kUsage,
                "a notice is named by 8 to 64 hexadecimal digits, an even number, of its N");
  }
  request.set_notice(*notice);
  request.set_hide_text(options.hide_text);
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  if (target.is_hub) {
    return fail(ErrorCode::kUsage, "a member's node proves a notice, the hub opens none");
  }
  CHANCERY_TRY(const Proof proof, ask_proof(target, std::move(request)));
  CHANCERY_TRY(const exchange::EvidenceReport report,
               exchange::verify_evidence(proof.file, proof.genesis));
  CHANCERY_TRY_VOID(os::write_file_new(options.output, proof.file, kFileMode));
  if (shared.json) {
    text::Json json = as_json(report);
    json["file"] = options.output;
    json["bytes"] = proof.file.size();
    json["sha256"] = hex(crypto::sha256({as_bytes(proof.file)}));
    std::cout << json_line(json) << "\n";
  } else {
    std::cout << describe_evidence(report) << "\nWritten to " << harmless(options.output) << ", "
              << proof.file.size() << " bytes. Whoever has it and this program verifies it with:\n"
              << "  chancery verify " << harmless(options.output) << " --genesis "
              << hex(proof.genesis) << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
