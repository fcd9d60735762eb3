#include "cli/bench/results_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include "cli/bench/round.h"
#include "cli/html.h"
#include "cli/plot.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kColumnsMax = 8;     // Of items of a list; beyond that each is a row.
constexpr double kForeignCoresMuch = 0.1;  // Of which a reader should know.
constexpr std::string_view kNone = "–";

std::string_view unit_text(Unit unit) {
  switch (unit) {
    case Unit::kMillis:
      return "ms";
    case Unit::kMicros:
      return "µs";
    case Unit::kMib:
      return "MiB";
    case Unit::kBytes:
      return "bytes";
    case Unit::kTimes:
      return "×";
    case Unit::kNone:
    case Unit::kPerSecond:
      break;
  }
  return "";
}

double scaled(double value, Unit unit) {
  return unit == Unit::kMillis ? value / kMicrosPerMilli : value;
}

std::string head_of(const Figure& figure) {
  const std::string_view unit = unit_text(figure.unit);
  return std::string(figure.label) + (unit.empty() ? "" : ", " + std::string(unit));
}

const Figure* figure_of(std::string_view name) {
  const auto all = result_figures();
  const auto found = std::ranges::find(all, name, &Figure::name);
  return found == all.end() ? nullptr : &*found;
}

// A number of the JSON, or text of it.
std::string plain_text(const text::Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_boolean()) {
    return value.get<bool>() ? "yes" : "no";
  }
  if (value.is_number()) {
    return number_text(value.get<double>());
  }
  std::string all;
  for (const text::Json& item : value) {
    all += (all.empty() ? "" : ", ") + number_text(item.get<double>());
  }
  return all;
}

// The largest of a result and of all items of its list; nothing where it was not measured.
std::optional<double> foreign_cores(const text::Json& json, std::string_view list) {
  constexpr std::string_view kForeign = "foreign_cores";
  std::optional<double> most = number_of(json, kForeign);
  if (!list.empty()) {
    for (const text::Json& item : json.at(std::string(list))) {
      most = std::max(most, number_of(item, kForeign));  // Nothing is less than any number.
    }
  }
  return most;
}

// What a result says of where it was measured: the object, its field, and how that is shown.
struct MachineField {
  const char* part;
  const char* name;
  const char* label;
};
constexpr std::array kMachineFields = {MachineField{"machine", "processor", "processor"},
                                       MachineField{"machine", "processors", "processors"},
                                       MachineField{"machine", "memory_mib", "memory, MiB"},
                                       MachineField{"machine", "system", "system"},
                                       MachineField{"machine", "kernel", "kernel"},
                                       MachineField{"durability", "folder", "folder of the stores"},
                                       MachineField{"durability", "filesystem_type", "file system"},
                                       MachineField{"durability", "in_memory", "in memory"},
                                       MachineField{"versions", "commit", "commit"},
                                       MachineField{"versions", "compiler", "compiler"},
                                       MachineField{"versions", "flags", "its flags"},
                                       MachineField{"versions", "libzmq", "libzmq"},
                                       MachineField{"versions", "openssl", "OpenSSL"},
                                       MachineField{"versions", "protobuf", "Protocol Buffers"},
                                       MachineField{"versions", "sqlite", "SQLite"}};

// Empty where another version did not tell it.
text::Json part_of(const text::Json& result, const std::string& part) {
  return result.value(part, text::Json::object());
}

// What of a result is drawn under which name.
struct Series {
  std::string_view field;
  std::string_view label;
};

// All results of one scenario.
class ScenarioSection {
 public:
  ScenarioSection(std::ostringstream& out, const ScenarioKind& kind,
                  std::vector<const BenchResult*> results)
      : out_(out), kind_(kind), results_(std::move(results)), names_(names_of(results_)) {}

  void write() {
    out_ << "<section>\n<h2>" << escaped(kind_.name) << "</h2>\n<p>" << escaped(kind_.what)
         << "</p>\n";
    differences();
    plots();
    tables();
    conditions();
    out_ << "</section>\n";
  }

 private:
  // Files without folder and ending, where that tells them apart.
  static std::vector<std::string> names_of(const std::vector<const BenchResult*>& results) {
    std::vector<std::string> names;
    std::set<std::string> different;
    for (const BenchResult* const result : results) {
      names.push_back(std::filesystem::path(result->file).stem().string());
      different.insert(names.back());
    }
    for (std::size_t i = 0; i < names.size() && different.size() < names.size(); ++i) {
      names[i] = results[i]->file;
    }
    return names;
  }

  [[nodiscard]] bool is_alone() const { return results_.size() == 1; }
  [[nodiscard]] const text::Json& json(std::size_t result) const { return results_[result]->json; }
  [[nodiscard]] const text::Json& items(std::size_t result) const {
    return json(result).at(std::string(kind_.list));
  }
  [[nodiscard]] PlotText plot_text(std::string_view id, std::string_view title,
                                   std::string_view description) const {
    return {.id = std::string(kind_.name) + "-" + std::string(id),
            .title = std::string(title),
            .description = std::string(description)};
  }

  // What in a part of the results is not the same in all of them.
  void add_differences(const std::string& part, const std::set<std::string>& skipped,
                       std::vector<std::string>& different) const {
    for (const BenchResult* const result : results_) {
      const text::Json told = part_of(result->json, part);
      for (const auto& [name, value] : told.items()) {
        const bool differs = std::ranges::any_of(results_, [&](const BenchResult* other) {
          const text::Json others = part_of(other->json, part);
          return !others.contains(name) || others.at(name) != value;
        });
        if (differs && !skipped.contains(name) &&
            std::ranges::find(different, name) == different.end()) {
          different.push_back(name);
        }
      }
    }
  }

  void differences() {
    std::vector<std::string> different;
    const text::Json& version = json(0).at("version");
    if (std::ranges::any_of(results_, [&](const BenchResult* result) {
          return result->json.at("version") != version;
        })) {
      different.emplace_back("version");
    }
    add_differences("versions", {}, different);
    add_differences("machine", {}, different);
    add_differences("durability", {"folder"}, different);  // Another one in each run.
    add_differences("parameters", {}, different);
    if (!is_alone()) {
      std::string all;
      for (const std::string& name : different) {
        all += (all.empty() ? "" : ", ") + name;
      }
      out_ << "<p>" << results_.size() << " results, compared with the first. "
           << (all.empty() ? "Version, machine and parameters are the same."
                           : "They differ in: " + escaped(all) + ".")
           << "</p>\n";
    }
    for (std::size_t i = 0; i < results_.size(); ++i) {
      warn(i);
    }
  }

  void warn(std::size_t result) {
    const std::string whose = is_alone() ? "" : " (" + names_[result] + ")";
    const auto say = [&](const std::string& what) {
      out_ << "<p class=\"bad\">" << escaped(what + whose) << ".</p>\n";
    };
    if (json(result).at("durability").at("in_memory").get<bool>()) {
      say("Measured in memory: nothing was durable");
    }
    if (const double cores = foreign_cores(json(result), kind_.list).value_or(0);
        cores > kForeignCoresMuch) {
      say("Others kept up to " + number_text(cores) + " processors busy meanwhile");
    }
    if (!arrived_whole(*results_[result])) {
      say("Notices are missing or differ");
    }
  }

  // Tables.

  // A column for each object; nothing is one that is not there.
  void figures_table(const std::string& caption, std::span<const Figure> figures,
                     const std::vector<std::string>& columns,
                     const std::vector<const text::Json*>& objects, bool compare) {
    std::vector<std::string> heads = {"figure"};
    std::ranges::transform(columns, std::back_inserter(heads), shortened);
    std::vector<std::vector<std::string>> rows;
    for (const Figure& figure : figures) {
      if (figure.name == kind_.place) {
        continue;
      }
      std::vector<std::string> row = {head_of(figure)};
      std::optional<double> first;
      bool any = false;
      for (std::size_t i = 0; i < objects.size(); ++i) {
        const std::optional<double> value =
            objects[i] == nullptr ? std::nullopt : number_of(*objects[i], figure.name);
        any = any || value.has_value();
        first = i == 0 ? value : first;
        row.push_back(cell(figure, value, compare && i > 0 ? first : std::nullopt));
      }
      if (any) {
        rows.push_back(std::move(row));
      }
    }
    if (rows.empty()) {
      return;
    }
    HtmlTable table(out_, caption, heads);
    for (const std::vector<std::string>& row : rows) {
      table.row(row);
    }
  }

  // With how many times the first that is.
  static std::string cell(const Figure& figure, std::optional<double> value,
                          std::optional<double> first) {
    if (!value.has_value()) {
      return std::string(kNone);
    }
    std::string text = number_text(scaled(*value, figure.unit));
    if (first.has_value() && *first > 0) {
      text += " (×" + number_text(std::round(*value / *first * 100) / 100) + ")";
    }
    return text;
  }

  void tables() {
    std::vector<const text::Json*> objects;
    std::ranges::transform(results_, std::back_inserter(objects),
                           [](const BenchResult* result) { return &result->json; });
    figures_table(is_alone() ? "Figures" : "Figures; in brackets, how many times the first",
                  result_figures(), columns(), objects, true);
    if (kind_.name == "soak") {
      drift();
    }
    if (!kind_.list.empty()) {
      list();
    }
  }

  [[nodiscard]] std::vector<std::string> columns() const {
    return is_alone() ? std::vector<std::string>{"value"} : names_;
  }

  void list() {
    const auto count = [this](const BenchResult* result) {
      return result->json.at(std::string(kind_.list)).size();
    };
    const std::size_t most = std::ranges::max(results_ | std::views::transform(count));
    if (most > kColumnsMax) {
      for (std::size_t i = 0; i < results_.size(); ++i) {
        rows_of_list(i);
      }
    } else if (is_alone()) {
      columns_of_list();
    } else {
      compare_lists();
    }
  }

  [[nodiscard]] std::string place_text(const text::Json& item) const {
    return plain_text(item.at(std::string(kind_.place)));
  }

  void columns_of_list() {
    std::vector<std::string> heads;
    std::vector<const text::Json*> objects;
    for (const text::Json& item : items(0)) {
      heads.push_back(place_text(item));
      objects.push_back(&item);
    }
    figures_table(std::string(kind_.each), result_figures(), heads, objects, false);
  }

  // A table for each item, in the order of the first result that has it.
  void compare_lists() {
    std::vector<std::string> places;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      for (const text::Json& item : items(i)) {
        const std::string place = place_text(item);
        if (std::ranges::find(places, place) == places.end()) {
          places.push_back(place);
        }
      }
    }
    for (const std::string& place : places) {
      std::vector<const text::Json*> objects;
      for (std::size_t i = 0; i < results_.size(); ++i) {
        const text::Json& all = items(i);
        const auto found = std::ranges::find_if(
            all, [&](const text::Json& item) { return place_text(item) == place; });
        objects.push_back(found == all.end() ? nullptr : &*found);
      }
      figures_table(std::string(kind_.before) + place + std::string(kind_.after), result_figures(),
                    names_, objects, true);
    }
  }

  void rows_of_list(std::size_t result) {
    std::vector<const Figure*> shown;
    std::vector<std::string> heads;
    for (const Figure& figure : result_figures()) {
      if (std::ranges::any_of(items(result), [&](const text::Json& item) {
            return number_of(item, figure.name).has_value();
          })) {
        shown.push_back(&figure);
        heads.push_back(head_of(figure));
      }
    }
    out_ << "<details><summary>The numbers" << (is_alone() ? "" : " of " + escaped(names_[result]))
         << "</summary>\n";
    {
      HtmlTable table(out_, kind_.each, heads);
      for (const text::Json& item : items(result)) {
        std::vector<std::string> row;
        row.reserve(shown.size());
        for (const Figure* const figure : shown) {
          row.push_back(cell(*figure, number_of(item, figure->name), std::nullopt));
        }
        table.row(row);
      }
    }
    out_ << "</details>\n";
  }

  void drift() {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (!json(i).contains("drift")) {
        continue;
      }
      HtmlTable table(out_, is_alone() ? "Drift" : "Drift: " + names_[i],
                      {"figure", "first window", "median", "last window", "largest drift"});
      for (const text::Json& line : json(i).at("drift")) {
        const auto name = line.at("figure").get<std::string>();
        const Figure* const known = figure_of(name);
        const Figure figure = known == nullptr ? Figure{name, name} : *known;
        std::vector<std::string> row = {head_of(figure)};
        for (const char* const part : {"first", "median", "last", "drift"}) {
          row.push_back(cell(figure, number_of(line, part), std::nullopt));
        }
        table.row(row);
      }
    }
  }

  void conditions() {
    out_ << "<details open=\"open\"><summary>What was measured, and where</summary>\n"
            "<div class=\"beside\">\n";
    {
      std::vector<std::string> heads = {"of"};
      std::set<std::size_t> texts = {0};
      for (const std::string& name : columns()) {
        texts.insert(heads.size());
        heads.push_back(shortened(name));
      }
      HtmlTable table(out_, "Versions, machine, storage, options", heads, texts);
      row(table, "version", [](const text::Json& json) { return plain_text(json.at("version")); });
      for (const MachineField& field : kMachineFields) {
        row(table, field.label, [&](const text::Json& json) {
          return plain_text(part_of(json, field.part).value(field.name, text::Json()));
        });
      }
      std::vector<std::string> options;
      for (const BenchResult* const result : results_) {
        for (const auto& [name, unused] : result->json.at("parameters").items()) {
          if (std::ranges::find(options, name) == options.end()) {
            options.push_back(name);
          }
        }
      }
      for (const std::string& name : options) {
        row(table, "--" + name, [&](const text::Json& json) {
          const text::Json& all = json.at("parameters");
          return all.contains(name) ? plain_text(all.at(name)) : std::string(kNone);
        });
      }
    }
    parts("ceilings", "Ceilings: at most, on one core", ceiling_figures());
    parts("ratios", "Ratios: reached, to the ceilings", ratio_figures());
    out_ << "</div>\n</details>\n";
  }

  void row(HtmlTable& table, std::string_view name,
           const std::function<std::string(const text::Json&)>& value) {
    std::vector<std::string> cells = {std::string(name)};
    for (const BenchResult* const result : results_) {
      cells.push_back(value(result->json));
    }
    table.row(cells);
  }

  void parts(const std::string& part, const std::string& caption, std::span<const Figure> figures) {
    std::vector<const text::Json*> objects;
    std::ranges::transform(results_, std::back_inserter(objects), [&](const BenchResult* result) {
      return result->json.contains(part) ? &result->json.at(part) : nullptr;
    });
    figures_table(caption, figures, columns(), objects, true);
  }

  // Plots.

  void plots() {
    if (kind_.name == "publish") {
      beside_ceilings("published_per_s", "logged");
    } else if (kind_.name == "catchup") {
      beside_ceilings("caught_up_per_s", "caught up");
    } else if (kind_.name == "flood") {
      flood();
    } else if (kind_.name == "startup") {
      bars("ready", "Until ready, ms",
           {{"hub_ready_us_in_order", "hub, after SIGTERM"},
            {"hub_ready_us_killed", "hub, after SIGKILL"},
            {"node_ready_us_in_order", "node, after SIGTERM"},
            {"node_ready_us_killed", "node, after SIGKILL"}});
    } else if (kind_.name == "audit") {
      audit();
    } else if (kind_.name == "latency") {
      latency();
    } else if (kind_.name == "fanout") {
      fanout();
    } else if (kind_.name == "soak") {
      soak();
    }
    cost();
  }

  void latency() {
    constexpr std::string_view kAcross = "notices a second";
    lines("logged", "Until a notice is logged", kAcross, "ms",
          {{"logged_us_p50", "p50"}, {"logged_us_p99", "p99"}});
    lines("delivery", "Until an application at a recipient has it", kAcross, "ms",
          {{"delivery_us_p50", "p50"}, {"delivery_us_p99", "p99"}});
    lines("reached", "What was reached of each rate", kAcross, "/s",
          {{"published_per_s", "logged"}});
    lines("hub", "CPU of the hub a notice", kAcross, "µs", {{"hub_cpu_us_per_notice", "hub"}});
  }

  void fanout() {
    constexpr std::string_view kAcross = "members that receive";
    lines("cost", "CPU a delivery", kAcross, "µs",
          {{"hub_cpu_us_per_delivery", "hub"},
           {"hub_transport_cpu_us_per_delivery", "transport of the hub"},
           {"sink_cpu_us_per_delivery", "sink"}});
    lines("rate", "Deliveries a second", kAcross, "/s", {{"delivered_per_s", "delivered"}});
    lines("memory", "Most memory", kAcross, "MiB",
          {{"hub_rss_mib_peak", "hub"}, {"sink_rss_mib_peak", "sink"}});
  }

  void soak() {
    constexpr std::string_view kAcross = "seconds since the start";
    lines("logged", "Until a notice is logged", kAcross, "ms",
          {{"logged_us_p50", "p50"}, {"logged_us_p99", "p99"}});
    lines("delivery", "Until an application at a recipient has it", kAcross, "ms",
          {{"delivery_us_p50", "p50"}, {"delivery_us_p99", "p99"}});
    lines("memory", "Memory", kAcross, "MiB",
          {{"hub_rss_mib", "hub"}, {"node_rss_mib", "node with most"}});
    lines("descriptors", "Open descriptors", kAcross, "open",
          {{"hub_fds", "hub"}, {"node_fds", "node with most"}});
    lines("cpu", "CPU a notice", kAcross, "µs",
          {{"hub_cpu_us_per_notice", "hub"},
           {"origins_cpu_us_per_notice", "nodes of origins"},
           {"recipient_cpu_us_per_notice", "node of one recipient"}});
    lines("cores", "Processors in use", kAcross, "busy",
          {{"our_cores", "the exchange"}, {"foreign_cores", "others"}});
  }

  // A line for each of at most three series of each result: the colour is of the series where there
  // is one result, and of the result where there are several.
  void lines(std::string_view id, std::string_view title, std::string_view across,
             std::string_view unit, const std::vector<Series>& series) {
    Lines plot{.lines = {}, .across = std::string(across), .unit = std::string(unit)};
    for (std::size_t i = 0; i < results_.size(); ++i) {
      for (std::size_t j = 0; j < series.size(); ++j) {
        Lines::Line line{.name = line_name(i, series, j),
                         .colour = is_alone() ? j : i,
                         .dash = static_cast<Lines::Dash>(j),
                         .places = {},
                         .values = {}};
        add_points(i, series[j].field, line);
        if (std::ranges::any_of(line.values, [](const auto& value) { return value.has_value(); })) {
          plot.lines.push_back(std::move(line));
        }
      }
    }
    if (plot.lines.empty()) {
      return;
    }
    out_ << "<h3>" << escaped(title) << "</h3>\n";
    write_figure(out_, lines_svg(plot_text(id, title, "By " + std::string(across) + "."), plot),
                 lines_key(plot));
  }

  [[nodiscard]] std::string line_name(std::size_t result, const std::vector<Series>& series,
                                      std::size_t at) const {
    if (is_alone()) {
      return std::string(series[at].label);
    }
    return series.size() == 1 ? names_[result]
                              : names_[result] + ", " + std::string(series[at].label);
  }

  void add_points(std::size_t result, std::string_view field, Lines::Line& line) const {
    const Figure* const figure = figure_of(field);
    std::vector<std::pair<double, std::optional<double>>> points;
    for (const text::Json& item : items(result)) {
      std::optional<double> value = number_of(item, field);
      if (value.has_value() && figure != nullptr) {
        value = scaled(*value, figure->unit);
      }
      points.emplace_back(number_of(item, kind_.place).value_or(0), value);
    }
    std::ranges::sort(points, {}, [](const auto& point) { return point.first; });
    for (const auto& [place, value] : points) {
      line.places.push_back(place);
      line.values.push_back(value);
    }
  }

  // Markup: the colours of the results.
  [[nodiscard]] std::string results_key() const {
    std::string key;
    for (std::size_t i = 0; i < names_.size() && !is_alone(); ++i) {
      key += "<span class=\"key " + std::string(colour_class(i)) + "\"></span>" +
             escaped(names_[i]) + " ";
    }
    return key;
  }

  // A bar for each of these of each result.
  struct NamedValue {
    std::string name;
    std::vector<std::optional<double>> of_results;
  };
  void grouped_bars(std::string_view id, std::string_view title,
                    const std::vector<NamedValue>& values) {
    std::vector<Stack> stacks;
    for (const NamedValue& value : values) {
      for (std::size_t i = 0; i < value.of_results.size(); ++i) {
        if (const std::optional<double>& number = value.of_results[i]; number.has_value()) {
          stacks.push_back({.name = value.name,
                            .parts = {{.value = *number,
                                       .colour = i,
                                       .told = (is_alone() ? "" : names_[i] + ", ") + value.name +
                                               ": " + number_text(*number)}}});
        }
      }
    }
    if (stacks.empty()) {
      return;
    }
    out_ << "<h3>" << escaped(title) << "</h3>\n";
    write_figure(
        out_,
        stacks_svg(plot_text(id, title, "A bar for each; the table below has the numbers."),
                   stacks),
        results_key());
  }

  void bars(std::string_view id, std::string_view title, const std::vector<Series>& series) {
    std::vector<NamedValue> values;
    for (const Series& one : series) {
      const Figure* const figure = figure_of(one.field);
      NamedValue value{.name = std::string(one.label), .of_results = {}};
      for (const BenchResult* const result : results_) {
        std::optional<double> number = number_of(result->json, one.field);
        if (number.has_value() && figure != nullptr) {
          number = scaled(*number, figure->unit);
        }
        value.of_results.push_back(number);
      }
      values.push_back(std::move(value));
    }
    grouped_bars(id, title, values);
  }

  void flood() {
    bars("logged", "Until a FLASH is logged, ms",
         {{"idle_logged_us_p50", "nothing else, p50"},
          {"logged_us_p50", "behind, p50"},
          {"idle_logged_us_p99", "nothing else, p99"},
          {"logged_us_p99", "behind, p99"}});
    bars("delivery", "Until an application at a recipient has it, ms",
         {{"idle_delivery_us_p50", "nothing else, p50"},
          {"delivery_us_p50", "behind, p50"},
          {"idle_delivery_us_p99", "nothing else, p99"},
          {"delivery_us_p99", "behind, p99"}});
  }

  void audit() {
    std::vector<NamedValue> values;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      for (const text::Json& item : items(i)) {
        const std::string name = place_text(item);
        auto found = std::ranges::find(values, name, &NamedValue::name);
        if (found == values.end()) {
          values.push_back({.name = name, .of_results = {}});
          found = std::prev(values.end());
          found->of_results.resize(results_.size());
        }
        found->of_results[i] = number_of(item, "entries_per_cpu_s");
      }
    }
    grouped_bars("speed", "Entries a second of CPU", values);
  }

  // Each result for itself: what it could do at most is of its machine.
  void beside_ceilings(std::string_view field, std::string_view label) {
    out_ << "<h3>A second, beside what the machine can do at most</h3>\n";
    for (std::size_t i = 0; i < results_.size(); ++i) {
      std::vector<Stack> stacks;
      const auto add = [&](std::string_view name, std::optional<double> value, std::size_t colour) {
        if (value.has_value()) {
          stacks.push_back({.name = std::string(name),
                            .parts = {{.value = *value,
                                       .colour = colour,
                                       .told = std::string(name) + ": " + number_text(*value)}}});
        }
      };
      add(label, number_of(json(i), field), 1);
      for (const Figure& ceiling : ceiling_figures()) {
        // Round trips are so many that all else would be a line.
        if (ceiling.unit == Unit::kPerSecond && !ceiling.label.starts_with("MiB") &&
            ceiling.name != "round_trip_per_s") {
          add(ceiling.label, number_of(json(i).at("ceilings"), ceiling.name), 0);
        }
      }
      write_figure(out_,
                   stacks_svg(plot_text("ceilings" + std::to_string(i),
                                        "Notices a second, and the ceilings of the machine",
                                        "A bar for each; the tables below have the numbers."),
                              stacks),
                   is_alone() ? "" : escaped(names_[i]));
    }
  }

  // Who used how much CPU for a notice.
  void cost() {
    constexpr std::array kParts = {
        Series{"hub_transport_cpu_us_per_notice", "hub: transport"},
        Series{"hub_loop_cpu_us_per_notice", "hub: all else"},
        Series{"origins_cpu_us_per_notice", "nodes of all origins"},
        Series{"recipient_cpu_us_per_notice", "node of one recipient"},
        Series{"sink_cpu_us_per_notice", "sink, for all recipients"},
        Series{"load_cpu_us_per_notice", "applications"},
    };
    constexpr std::array kCatchupParts = {Series{"hub_cpu_us_per_notice", "hub"},
                                          Series{"node_cpu_us_per_notice", "node that catches up"}};
    const std::span<const Series> parts =
        kind_.name == "catchup" ? std::span<const Series>(kCatchupParts) : kParts;
    std::set<std::size_t> used;
    std::vector<Stack> stacks;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      Stack stack{.name = is_alone() ? "a notice" : names_[i], .parts = {}};
      for (std::size_t part = 0; part < parts.size(); ++part) {
        if (const auto value = number_of(json(i), parts[part].field); value.has_value()) {
          used.insert(part);
          stack.parts.push_back(
              {.value = *value,
               .colour = part,
               .told = std::string(parts[part].label) + ": " + number_text(*value) + " µs"});
        }
      }
      stacks.push_back(std::move(stack));
    }
    if (used.empty()) {
      return;
    }
    std::string key;
    for (const std::size_t part : used) {
      key += "<span class=\"key " + std::string(colour_class(part)) + "\"></span>" +
             escaped(parts[part].label) + " ";
    }
    out_ << "<h3>CPU a notice, µs</h3>\n";
    write_figure(out_,
                 stacks_svg(plot_text("cost", "Microseconds of CPU a notice, by who used them",
                                      "A bar for each result; the table below has the numbers."),
                            stacks),
                 key);
  }

  std::ostringstream& out_;
  const ScenarioKind& kind_;
  std::vector<const BenchResult*> results_;
  std::vector<std::string> names_;
};

void write_verdict(std::ostringstream& out, const std::vector<BenchResult>& results) {
  if (std::ranges::all_of(results, arrived_whole)) {
    out << "<p class=\"verdict\">All notices arrived once, as they were published.</p>\n";
    return;
  }
  out << "<p class=\"verdict false\">WRONG: notices are missing or differ.</p>\n";
  HtmlTable table(out, "Where",
                  {"result", "delivered", "missing", "differing", "repeated", "foreign", "first"},
                  {0, 6});
  for (const BenchResult& result : results) {
    if (arrived_whole(result)) {
      continue;
    }
    const text::Json& compared = result.json.at("compared");
    std::vector<std::string> row = {result.file};
    for (const char* const name : {"delivered", "missing", "differing", "repeated", "foreign"}) {
      row.push_back(number_text(number_of(compared, name).value_or(0)));
    }
    const text::Json& first = compared.at("first");
    row.push_back(first.is_null() ? std::string(kNone) : first.get<std::string>());
    table.row(row);
  }
}

void write_overview(std::ostringstream& out, const std::vector<BenchResult>& results) {
  HtmlTable table(out, "Results",
                  {"file", "scenario", "version", "processor", "system", "storage", "others used"},
                  {0, 1, 2, 3, 4, 5});
  for (const BenchResult& result : results) {
    const text::Json& machine = result.json.at("machine");
    const text::Json& durability = result.json.at("durability");
    const auto kind = std::ranges::find(scenario_kinds(), result.scenario(), &ScenarioKind::name);
    const std::optional<double> others = foreign_cores(result.json, kind->list);
    table.row({result.file, result.scenario(), plain_text(result.json.at("version")),
               plain_text(machine.at("processors")) + " × " + plain_text(machine.at("processor")),
               plain_text(machine.at("system")) + ", " + plain_text(machine.at("kernel")),
               durability.at("in_memory").get<bool>()
                   ? "in memory"
                   : plain_text(durability.at("filesystem_type")),
               others.has_value() ? number_text(*others) : std::string(kNone)});
  }
}

}  // namespace

bool arrived_whole(const BenchResult& result) {
  const text::Json& compared = result.json.at("compared");
  return compared.at("delivered").get<double>() > 0 &&
         std::ranges::all_of(
             std::array{"missing", "differing", "repeated", "foreign"},
             [&](const char* name) { return compared.at(name).get<double>() == 0; });
}

std::string results_page(const std::vector<BenchResult>& results) {
  std::ostringstream out;
  begin_page(out, "chancery bench report", "What Chancery’s benchmarks measured");
  write_verdict(out, results);
  write_overview(out, results);
  out << "</header>\n<main>\n";
  for (const ScenarioKind& kind : scenario_kinds()) {
    std::vector<const BenchResult*> of_kind;
    for (const BenchResult& result : results) {
      if (result.scenario() == kind.name) {
        of_kind.push_back(&result);
      }
    }
    if (!of_kind.empty()) {
      ScenarioSection(out, kind, std::move(of_kind)).write();
    }
  }
  out << "</main>\n<footer>\n<h2>What this page is</h2>\n<p class=\"soft\">Made by <code>chancery "
         "bench report</code> from what <code>chancery bench</code> printed with "
         "<code>--json</code>. A rate alone says little: it depends on the disk, the processors "
         "and "
         "whatever else ran (“others used”: processors that other programs kept busy). CPU a "
         "notice "
         "depends on these least. At saturation, until a notice is logged is the window divided by "
         "the rate. Percentiles are at most one percent too high; “–” is what was not measured."
         "</p>\n</footer>\n</body>\n</html>\n";
  return out.str();
}

}  // namespace chancery::cli::bench
