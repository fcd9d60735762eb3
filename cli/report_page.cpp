#include "cli/report_page.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "cli/html.h"
#include "cli/plot.h"
#include "core/base/encoding.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

text::Time shown_time_of(std::uint64_t ms) {
  return text::Time(std::chrono::milliseconds(ms));
}

std::string minute_text(std::uint64_t ms, std::uint64_t width_ms) {
  const std::string full = text::time_for_people(shown_time_of(ms));  // "2026-03-01 08:30:00Z"
  if (width_ms >= 86'400'000) {
    return full.substr(0, 10);
  }
  return full.substr(11, width_ms >= 60'000 ? 5 : 8);
}

std::string_view bin_name(std::size_t bin) {
  constexpr std::array<std::string_view, Times::kEdges.size() + 1> kEdgeNames = {
      "< 1 s",    "1–2 s",     "2–5 s", "5–10 s", "10–30 s", "30–60 s",
      "1–10 min", "10–60 min", "1–6 h", "6–24 h", "> 1 d"};
  return kEdgeNames.at(bin);
}

std::string percentile_text(const Times& times, double part) {
  return times.count() == 0 ? "–" : span_text(times.histogram.percentile(part));
}

class Page {
 public:
  explicit Page(const ReportData& data) : data_(data), activity_(data.activity) {}

  std::string make() {
    begin();
    volume();
    if (!data_.member.empty()) {
      deliveries();
      acknowledgements();
    }
    witnesses();
    mismatches();
    end();
    return out_.str();
  }

 private:
  [[nodiscard]] std::string title() const {
    return "Exchange “" + data_.exchange + "”, as " +
           (data_.member.empty() ? "its hub" : "the node of " + data_.member) + " has it";
  }

  void begin() {
    begin_page(out_, "chancery audit report", title());
    verdict();
    facts();
    out_ << "</header>\n<main>\n";
  }

  void verdict() {
    const exchange::AuditReport& audit = data_.audit;
    if (audit.passed()) {
      out_ << "<p class=\"verdict\">Verified: all " << escaped(grouped(audit.size))
           << " entries, from the first one on.</p>\n";
      return;
    }
    out_ << "<p class=\"verdict false\">FALSE: the records do not verify. What follows counts the "
            "first "
         << escaped(grouped(activity_.size)) << " entries alone.</p>\n";
    HtmlTable table(out_, "At fault", {"entry", "error"}, {0, 1});
    for (const exchange::AuditFinding& finding : audit.findings) {
      table.row({finding.index.has_value() ? std::to_string(*finding.index) : "the log",
                 finding.error.to_string()});
    }
  }

  void facts() {
    const exchange::AuditReport& audit = data_.audit;
    out_ << "<dl>\n";
    if (activity_.size > 0) {
      write_fact(out_, "Period",
                 text::time_for_people(shown_time_of(activity_.first_at_ms)) + " to " +
                     text::time_for_people(shown_time_of(activity_.last_at_ms)));
    }
    write_fact(out_, "Log",
               grouped(audit.size) + " entries, " + grouped(audit.directory_entry_count) +
                   " of them directory entries");
    write_fact(out_, "Notices",
               grouped(activity_.notices) + " held here, " + grouped(activity_.urgent) +
                   " of them urgent; " + grouped(activity_.statements) + " statements of nodes");
    write_fact(out_, "Not held",
               grouped(audit.absent_count) + " entries are for others, or came to nobody here");
    write_fact(out_, "Void",
               grouped(activity_.void_count) + " kept as evidence; " +
                   grouped(activity_.unopenable) + " could not be opened");
    write_fact(out_, "Source", data_.name + " (" + data_.from + ")");
    write_fact(out_, "Genesis", hex(data_.genesis), true);
    write_fact(out_, "Root", hex(audit.root), true);
    out_ << "</dl>\n";
  }

  [[nodiscard]] std::string who(const std::string& code) const {
    const auto known = data_.member_names.find(code);
    return known == data_.member_names.end() || known->second.empty() ? code
                                                                      : code + " " + known->second;
  }

  void volume() {
    out_ << "<section>\n<h2>Volume</h2>\n";
    if (activity_.notices == 0) {
      out_ << "<p>No notice is held here.</p>\n</section>\n";
      return;
    }
    out_ << "<p>Notices that were logged and are held here"
         << (data_.member.empty() ? "" : ": those of this member, and those for it")
         << ". Statements, by which nodes tell each other what they have, are left out.</p>\n";
    over_time();
    by_member();
    by_kind();
    matrix();
    out_ << "</section>\n";
  }

  void over_time() {
    const Series& series = activity_.over_time;
    const std::uint64_t width = series.width_ms();
    Columns plot{.columns = {}, .unit = "notices", .at_edges = true};
    const std::size_t every = (series.columns().size() + 5) / 6;
    for (std::size_t i = 0; i < series.columns().size(); ++i) {
      const Series::Column& column = series.columns()[i];
      const std::uint64_t at = series.begin_ms() + i * width;
      plot.columns.push_back({.one = column.patient,
                              .two = column.urgent,
                              .label = i % every == 0 ? minute_text(at, width) : "",
                              .told = text::time_for_people(shown_time_of(at)) + ": " +
                                      grouped(column.patient + column.urgent) + " notices, " +
                                      grouped(column.urgent) + " urgent"});
    }
    out_ << "<h3>Over time</h3>\n";
    write_figure(
        out_,
        columns_svg(
            {.id = "time",
             .title = "Notices over time",
             .description = "Columns of " + span_text(width) + ", from " +
                            text::time_for_people(shown_time_of(series.begin_ms())) + " on."},
            plot),
        "<span class=\"key one\"></span>patient <span class=\"key two\"></span>urgent. Each column "
        "is " +
            escaped(span_text(width)) + ", UTC, from " +
            escaped(text::time_for_people(shown_time_of(series.begin_ms()))) + " on.");
    out_ << "<details><summary>The numbers</summary>\n";
    {
      HtmlTable table(out_, "Notices over time", {"from", "patient", "urgent"});
      for (std::size_t i = 0; i < series.columns().size(); ++i) {
        const Series::Column& column = series.columns()[i];
        if (column.patient + column.urgent > 0) {
          table.row({text::time_for_people(shown_time_of(series.begin_ms() + i * width)),
                     grouped(column.patient), grouped(column.urgent)});
        }
      }
    }
    out_ << "</details>\n";
  }

  // The largest first.
  static std::vector<Bar> bars_of(const std::map<std::string, std::uint64_t>& counts) {
    std::vector<Bar> bars;
    bars.reserve(counts.size());
    for (const auto& [name, count] : counts) {
      bars.push_back({.name = name, .value = static_cast<double>(count)});
    }
    std::ranges::sort(bars, [](const Bar& one, const Bar& other) {
      return one.value != other.value ? one.value > other.value : one.name < other.name;
    });
    return bars;
  }

  void by_member() {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [cell, count] : activity_.volume) {
      counts[who(cell.first)] += count;
    }
    out_ << "<h3>By member</h3>\n";
    write_figure(out_,
                 bars_svg({.id = "member",
                           .title = "Notices by the member that sent them",
                           .description = "A bar for each; the table below has the numbers."},
                          bars_of(counts)),
                 "");
  }

  void by_kind() {
    constexpr std::size_t kBarsMax = 30;
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [cell, count] : activity_.volume) {
      counts[cell.second] += count;
    }
    std::vector<Bar> bars = bars_of(counts);
    const bool is_cut = bars.size() > kBarsMax;
    bars.resize(std::min(bars.size(), kBarsMax));
    out_ << "<h3>By kind</h3>\n";
    write_figure(out_,
                 bars_svg({.id = "kind",
                           .title = "Notices by kind",
                           .description = "A bar for each; the table below has the numbers."},
                          bars),
                 is_cut ? "The most frequent ones; the table has all." : "");
  }

  void matrix() {
    std::set<std::string> members;
    std::map<std::string, std::map<std::string, std::uint64_t>> by_kind;
    for (const auto& [cell, count] : activity_.volume) {
      members.insert(cell.first);
      by_kind[cell.second][cell.first] = count;
    }
    std::vector<std::string> heads = {"kind"};
    heads.insert(heads.end(), members.begin(), members.end());
    heads.emplace_back("all");
    HtmlTable table(out_, "Notices by kind and member", heads);
    std::map<std::string, std::uint64_t> sums;
    std::uint64_t all = 0;
    for (const auto& [kind, counts] : by_kind) {
      std::vector<std::string> cells = {kind};
      std::uint64_t sum = 0;
      for (const std::string& member : members) {
        const auto count = counts.find(member);
        const std::uint64_t value = count == counts.end() ? 0 : count->second;
        cells.push_back(value == 0 ? "–" : grouped(value));
        sums[member] += value;
        sum += value;
      }
      cells.push_back(grouped(sum));
      all += sum;
      table.row(cells);
    }
    std::vector<std::string> last = {"all"};
    for (const std::string& member : members) {
      last.push_back(grouped(sums[member]));
    }
    last.push_back(grouped(all));
    table.row(last);
  }

  void times_plot(const std::string& id, std::string_view title, const Times& times) {
    Columns plot{.columns = {}, .unit = "notices", .at_edges = false};
    for (std::size_t bin = 0; bin < times.bins.size(); ++bin) {
      plot.columns.push_back(
          {.one = times.bins.at(bin),
           .two = 0,
           .label = std::string(bin_name(bin)),
           .told = std::string(bin_name(bin)) + ": " + grouped(times.bins.at(bin))});
    }
    out_ << "<h3>" << escaped(title) << "</h3>\n";
    write_figure(
        out_,
        columns_svg({.id = id,
                     .title = std::string(title),
                     .description = "Columns by how long it took; their widths are not to scale. "
                                    "The table below has the percentiles."},
                    plot),
        "Columns are of unequal spans, as written below them.");
  }

  void deliveries() {
    Times to;
    Times from;
    for (const auto& [peer, activity] : activity_.peers) {
      to.merge(activity.delivered_to);
      from.merge(activity.delivered_from);
    }
    out_ << "<section>\n<h2>Delivery</h2>\n<p>From the entry of a notice in the log to that of the "
            "statement by which the recipient’s node says that it has it. A node states what came "
            "every few seconds, and sooner where something is urgent: most of a short time is the "
            "wait for its statement.</p>\n";
    if (to.count() + from.count() == 0) {
      out_ << "<p>No statement covers a notice yet.</p>\n";
    }
    if (to.count() > 0) {
      times_plot("to", "Until recipients had what " + data_.member + " sent", to);
    }
    if (from.count() > 0) {
      times_plot("from", "Until " + data_.member + " had what was sent to it", from);
    }
    if (!activity_.peers.empty()) {
      HtmlTable table(
          out_, "By the other member",
          {"with", "direction", "notices", "delivered", "median", "95 %", "longest", "not yet"},
          {0, 1});
      for (const auto& [peer, activity] : activity_.peers) {
        delivery_row(
            table, who(peer), "to it", activity.to_peer, activity.delivered_to,
            grouped(activity.undelivered) +
                (activity.unopenable > 0 ? " + " + grouped(activity.unopenable) + " not opened"
                                         : ""));
        delivery_row(table, who(peer), "from it", activity.from_peer, activity.delivered_from,
                     grouped(activity.from_peer -
                             std::min(activity.from_peer, activity.delivered_from.count())));
      }
    }
    out_ << "</section>\n";
  }

  static void delivery_row(HtmlTable& table, const std::string& peer, const std::string& direction,
                           std::uint64_t notices, const Times& times, const std::string& open) {
    table.row({peer, direction, grouped(notices), grouped(times.count()),
               percentile_text(times, 0.5), percentile_text(times, 0.95),
               times.count() == 0 ? "–" : span_text(times.histogram.max()), open});
  }

  void acknowledgements() {
    Times read;
    Times actioned;
    for (const auto& [peer, activity] : activity_.peers) {
      read.merge(activity.read);
      actioned.merge(activity.actioned);
    }
    out_ << "<section>\n<h2>Acknowledgement</h2>\n<p>From the entry of a notice of "
         << escaped(data_.member)
         << " to the first acknowledgement of each level by a recipient’s people. Only who was "
            "asked, or "
            "wanted to, acknowledges.</p>\n";
    if (read.count() + actioned.count() == 0) {
      out_ << "<p>Nothing was acknowledged.</p>\n</section>\n";
      return;
    }
    if (read.count() > 0) {
      times_plot("read", "Until it was read", read);
    }
    if (actioned.count() > 0) {
      times_plot("actioned", "Until it was acted on", actioned);
    }
    {
      HtmlTable table(out_, "By recipient",
                      {"by", "sent to it", "read", "median", "95 %", "actioned", "median", "95 %"});
      for (const auto& [peer, activity] : activity_.peers) {
        table.row({who(peer), grouped(activity.to_peer), grouped(activity.read.count()),
                   percentile_text(activity.read, 0.5), percentile_text(activity.read, 0.95),
                   grouped(activity.actioned.count()), percentile_text(activity.actioned, 0.5),
                   percentile_text(activity.actioned, 0.95)});
      }
    }
    out_ << "</section>\n";
  }

  void witnesses() {
    out_ << "<section>\n<h2>Witnesses</h2>\n";
    if (!data_.witnesses.has_value()) {
      out_ << "<p>No head of the log that a quorum cosigned is held here.</p>\n</section>\n";
      return;
    }
    const WitnessLag& lag = *data_.witnesses;
    out_ << "<p>The newest cosigned head held here has " << escaped(grouped(lag.size)) << " of "
         << escaped(grouped(data_.audit.size)) << " entries; the last of them is of "
         << escaped(text::time_for_people(shown_time_of(lag.accepted_at_ms))) << ". "
         << (lag.at_quorum ? "A quorum of " : "<span class=\"bad\">No quorum</span>; it takes ")
         << escaped(grouped(lag.quorum)) << " of " << escaped(grouped(lag.witnesses.size()))
         << (lag.at_quorum ? " cosigned it." : ".")
         << " A store keeps the newest such head alone, so this is one moment and no history; each "
            "witness tells the time by its own clock, in whole seconds.</p>\n";
    std::vector<Dot> dots;
    for (const WitnessLag::Witness& witness : lag.witnesses) {
      const std::optional<std::uint64_t> seconds = lag.seconds(witness);
      dots.push_back({.name = who(witness.member),
                      .is_there = seconds.has_value(),
                      .seconds = seconds.value_or(0),
                      .absent = "not in this head"});
    }
    out_ << "<h3>From the head’s last entry to each cosignature</h3>\n";
    write_figure(
        out_,
        dots_svg({.id = "witness",
                  .title = "Seconds from the head's last entry to each cosignature",
                  .description = "A dot for each witness; the table below has the numbers."},
                 dots),
        "");
    witness_table(lag);
    out_ << "</section>\n";
  }

  void witness_table(const WitnessLag& lag) {
    HtmlTable table(out_, "Witnesses of the newest cosigned head",
                    {"witness", "time", "seconds after"}, {0, 1});
    for (const WitnessLag::Witness& witness : lag.witnesses) {
      const std::optional<std::uint64_t> seconds = lag.seconds(witness);
      table.row({who(witness.member),
                 witness.time_s.has_value()
                     ? text::time_for_people(shown_time_of(*witness.time_s * 1000))
                     : "not in this head",
                 seconds.has_value() ? grouped(*seconds) : "–"});
    }
  }

  void mismatches() {
    out_ << "<section>\n<h2>Mismatches</h2>\n";
    if (activity_.mismatches.empty()) {
      out_ << "<p>"
           << (data_.member.empty() ? "A hub opens no statement, and compares none."
                                    : "Every statement that could be compared agrees with "
                                      "these records.")
           << "</p>\n";
    } else {
      HtmlTable table(out_, "Statements that do not agree with these records",
                      {"entry", "time", "by", "about", "what differs", "since"},
                      {0, 1, 2, 3, 4, 5});
      for (const Mismatch& mismatch : activity_.mismatches) {
        table.row({std::to_string(mismatch.index),
                   text::time_for_people(shown_time_of(mismatch.accepted_at_ms)), mismatch.by,
                   mismatch.about, mismatch.detail,
                   mismatch.mended ? "a later one agreed" : "not resolved"});
      }
    }
    if (activity_.unread > 0) {
      out_ << "<p>" << escaped(grouped(activity_.unread))
           << " statements and acknowledgements could not be read: their texts are not here any "
              "more.</p>\n";
    }
    out_ << "<h3>Alarms and damaged records</h3>\n";
    if (data_.faults.empty()) {
      out_ << "<p>None is on record.</p>\n";
    } else {
      HtmlTable table(out_, "As this store has them", {"of", "record", "error", "detail"},
                      {0, 2, 3});
      for (const OwnFault& fault : data_.faults) {
        table.row({fault.part, fault.index.has_value() ? std::to_string(*fault.index) : "–",
                   fault.code, fault.detail});
      }
    }
    out_ << "</section>\n";
  }

  void end() {
    out_ << "</main>\n<footer>\n<h2>What this page is</h2>\n<p class=\"soft\">Made by "
            "<code>chancery audit "
            "report</code> from the records of one "
         << (data_.member.empty() ? "hub" : "node")
         << ", after all of them were checked from the genesis on as <code>chancery audit "
            "verify</code> "
            "does. Times are of entries in the log, by the hub’s clock, unless it says otherwise. "
            "Percentiles are at most one percent too high. No text, subject or hash of a notice is "
            "in it. It shows what these records have: what was never logged or never came here it "
            "cannot show; <code>chancery audit pair</code> holds the records of two members "
            "against each "
            "other.</p>\n</footer>\n</body>\n</html>\n";
  }

  const ReportData& data_;
  const Activity& activity_;
  std::ostringstream out_;
};

}  // namespace

std::optional<std::uint64_t> WitnessLag::seconds(const Witness& witness) const {
  if (!witness.time_s.has_value()) {
    return std::nullopt;
  }
  const std::uint64_t entry_s = accepted_at_ms / 1000;
  return *witness.time_s > entry_s ? *witness.time_s - entry_s : 0;
}

std::string span_text(std::uint64_t ms) {
  const auto both = [](std::uint64_t large, std::string_view unit, std::uint64_t small,
                       std::string_view small_unit) {
    const std::string text = std::to_string(large) + " " + std::string(unit);
    return small == 0 ? text : text + " " + std::to_string(small) + " " + std::string(small_unit);
  };
  const std::uint64_t seconds = ms / 1000;
  if (ms < 1000) {
    return std::to_string(ms) + " ms";
  }
  if (seconds < 60) {
    const std::uint64_t tenths = ms % 1000 / 100;
    return std::to_string(seconds) + (tenths == 0 ? "" : "." + std::to_string(tenths)) + " s";
  }
  if (seconds < 3600) {
    return both(seconds / 60, "min", seconds % 60, "s");
  }
  return seconds < 86'400 ? both(seconds / 3600, "h", seconds / 60 % 60, "min")
                          : both(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

std::string report_page(const ReportData& data) {
  return Page(data).make();
}

}  // namespace chancery::cli
