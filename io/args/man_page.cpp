#include "io/args/man_page.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "io/args/cli11.h"
#include "io/args/daemon_app.h"

namespace chancery::args {
namespace {

// Nothing of it is taken for a request, a quote or a typographic sign: what is shown can be pasted.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '"':
        out += "\\(dq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view text) {
  return "\\fB" + escaped(text) + "\\fR";
}

std::string sentence(const std::string& text) {
  return escaped(text) + (text.ends_with('.') ? "\n" : ".\n");
}

std::string italic(std::string_view text) {
  return "\\fI" + escaped(text) + "\\fR";
}

struct Footer {
  std::vector<std::string> examples;
  std::vector<std::vector<std::string>> prose;  // Paragraphs of lines.
  std::vector<std::string> exits;
};

Footer read_footer(const std::string& text) {
  Footer footer;
  std::istringstream lines(text);
  bool in_examples = false;
  bool in_exits = false;
  bool begins = true;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      in_examples = in_exits = false;
      begins = true;
    } else if (line == "Examples:") {
      in_examples = true;
    } else if (in_examples) {
      footer.examples.push_back(line.substr(std::min<std::size_t>(2, line.size())));
    } else if (in_exits || line.starts_with("Exit ")) {
      in_exits = true;
      footer.exits.push_back(line);
    } else {
      if (begins) {
        footer.prose.emplace_back();
      }
      begins = false;
      footer.prose.back().push_back(line);
    }
  }
  return footer;
}

std::string filled(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    out += escaped(line) + "\n";
  }
  return out;
}

// "--exclude, --exclude" in the order of their names: the library keeps them by address.
std::string names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const CLI::Option* const option : options) {
    names.push_back(bold(option->get_name()));
  }
  std::ranges::sort(names);
  std::string out;
  for (const std::string& name : names) {
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

// Of "N:UINT in [1 - 9]" and "LEVEL:{a,b}" the library's own part is behind the colon.
std::string value_of(const CLI::Option& option) {
  const std::string type = option.get_type_size() == 0 ? "" : option.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string range_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t at = type.find(" in [");
  return at == std::string::npos ? "" : "In" + escaped(type.substr(at + 3)) + ".\n";
}

std::string option_text(const CLI::Option& option) {
  std::string head;
  if (option.get_positional()) {
    head = italic(value_of(option).empty() ? option.get_name() : value_of(option));
  } else {
    std::vector<std::string> names;
    for (const std::string& name : option.get_snames()) {
      names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
      names.push_back("--" + name);
    }
    for (const std::string& name : names) {
      head += (head.empty() ? "" : ", ") + bold(name);
    }
    head += value_of(option).empty() ? "" : " " + italic(value_of(option));
  }
  std::string out = ".TP\n" + head + "\n" + sentence(option.get_description()) + range_of(option);
  if (option.get_required()) {
    out += "Required.\n";
  }
  if (!option.get_default_str().empty()) {
    out += "Default: " + escaped(option.get_default_str()) + ".\n";
  }
  if (!option.get_needs().empty()) {
    out += "Only with " + names_of(option.get_needs()) + ".\n";
  }
  if (!option.get_excludes().empty()) {
    out += "Not with " + names_of(option.get_excludes()) + ".\n";
  }
  return out;
}

std::string options_text(const CLI::App& app) {
  std::string positionals;
  std::string flags;
  for (const CLI::Option* const option : app.get_options()) {
    (option->get_positional() ? positionals : flags) += option_text(*option);
  }
  return positionals + flags;
}

std::string synopsis(const CLI::App& app, const std::string& call) {
  std::string out = bold(call) + " [" + italic("OPTIONS") + "]";
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_positional()) {
      const std::string name = italic(value_of(*option));
      out += option->get_required() ? " " + name : " [" + name + "]";
    } else if (option->get_required()) {
      out += " " + bold(option->get_name()) + " " + italic(value_of(*option));
    }
  }
  return out + "\n";
}

std::string examples_text(const Footer& footer) {
  return ".nf\n" + filled(footer.examples) + ".fi\n";
}

std::string prose_text(const Footer& footer) {
  std::string out;
  for (const std::vector<std::string>& paragraph : footer.prose) {
    out += ".PP\n" + filled(paragraph);
  }
  return out;
}

std::string shouted(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

struct Frame {
  std::string name;
  int section = 1;
  std::string program;  // "chancery 0.1.0"
  std::string about;
};

std::string begin_page(const Frame& frame) {
  return ".\\\" Made from the source of --help.\n.TH " + escaped(shouted(frame.name)) + " " +
         std::to_string(frame.section) + " \"\" \"" + escaped(frame.program) +
         "\" \"Chancery\"\n.SH NAME\n" + escaped(frame.name) + " \\- " + escaped(frame.about) +
         "\n";
}

std::string end_page(const std::vector<std::string>& see_also) {
  std::string out;
  for (const std::string& page : see_also) {  // "chancery(1)"
    const std::size_t at = page.find('(');
    out += (out.empty() ? ".SH SEE ALSO\n" : ",\n") + bold(page.substr(0, at)) + page.substr(at);
  }
  return out + "\n";
}

// What a verb without verbs of its own has to say; `level` is SH, or SS within the page of a group.
std::string body(const CLI::App& verb, const std::string& level) {
  const Footer footer = read_footer(verb.get_footer());
  std::string out;
  const std::string options = options_text(verb);
  if (level == "SH") {
    out += ".SH DESCRIPTION\n" + sentence(verb.get_description()) + prose_text(footer) +
           ".SH OPTIONS\n" + options;
    out += footer.exits.empty() ? "" : ".SH EXIT STATUS\n" + filled(footer.exits);
    out += footer.examples.empty() ? "" : ".SH EXAMPLES\n" + examples_text(footer);
    return out;
  }
  out += sentence(verb.get_description()) + prose_text(footer) + options;
  out += footer.exits.empty() ? "" : ".PP\n" + filled(footer.exits);
  out += footer.examples.empty() ? "" : ".PP\nExamples:\n.PP\n" + examples_text(footer);
  return out;
}

std::string group_page(const CLI::App& group, const std::string& call) {
  const Footer footer = read_footer(group.get_footer());
  std::string calls;
  std::string verbs;
  for (const CLI::App* const verb : group.get_subcommands({})) {
    if (verb->get_group().empty()) {  // No help has it.
      continue;
    }
    const std::string name = call + " " + verb->get_name();
    calls += (calls.empty() ? "" : ".br\n") + synopsis(*verb, name);
    verbs += ".SS " + escaped(name) + "\n" + body(*verb, "SS");
  }
  std::string out = ".SH SYNOPSIS\n" + calls + ".SH DESCRIPTION\n" +
                    sentence(group.get_description()) + prose_text(footer);
  out += ".SH COMMANDS\n" + verbs + ".SH OPTIONS\n" + options_text(group);
  out += footer.examples.empty() ? "" : ".SH EXAMPLES\n" + examples_text(footer);
  return out;
}

std::string command_page(const CLI::App& command) {
  const Footer footer = read_footer(command.get_footer());
  std::string out = ".SH SYNOPSIS\n" + bold(command.get_name()) + " [" + italic("OPTIONS") + "] " +
                    italic("VERB") + " [" + italic("WORDS") + "]\n.SH DESCRIPTION\n" +
                    sentence(command.get_description()) + prose_text(footer) + ".SH COMMANDS\n";
  for (const CLI::App* const verb : command.get_subcommands({})) {
    out += ".TP\n" + bold(verb->get_name()) + "\n" + sentence(verb->get_description());
  }
  out += ".SH OPTIONS\n" + options_text(command);
  return out + ".SH EXIT STATUS\n" + filled(footer.exits);
}

}  // namespace

std::vector<ManPage> man_pages(const CLI::App& command, const std::string& version,
                               const std::vector<std::string>& see_also) {
  const std::string& name = command.get_name();
  const std::string program = name + " " + version;
  std::vector<std::string> of_command;
  std::vector<std::string> of_verb = {name + "(1)"};
  std::ranges::copy(see_also, std::back_inserter(of_verb));
  std::vector<ManPage> pages;
  for (const CLI::App* const verb : command.get_subcommands({})) {
    if (verb->get_name() == "help") {  // A way to say --help.
      continue;
    }
    const std::string call = name + " " + verb->get_name();
    const std::string page = name + "-" + verb->get_name();
    of_command.push_back(page + "(1)");
    pages.push_back({page, 1,
                     begin_page({page, 1, program, verb->get_description()}) +
                         (verb->get_subcommands({}).empty()
                              ? ".SH SYNOPSIS\n" + synopsis(*verb, call) + body(*verb, "SH")
                              : group_page(*verb, call)) +
                         end_page(of_verb)});
  }
  std::ranges::copy(see_also, std::back_inserter(of_command));
  pages.push_back({name, 1,
                   begin_page({name, 1, program, "exchange signed, sealed notices"}) +
                       command_page(command) + end_page(of_command)});
  return pages;
}

ManPage daemon_man_page(const Program& program, const std::vector<std::string>& see_also) {
  DaemonArgs args;
  CLI::App app(program.about, program.name);
  describe_daemon(app, args, program);
  return {program.name, 8,
          begin_page({program.name, 8, program.name + " " + program.version, program.brief}) +
              ".SH SYNOPSIS\n" + synopsis(app, program.name) + body(app, "SH") +
              end_page(see_also)};
}

}  // namespace chancery::args
