/** `certpacks completion`: what a shell needs to complete the commands, made from the commands themselves. */
import { Argument, type Command } from 'commander';
import { printLines } from './print.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Adds the command. */
export function addCompletion(certpacks: Command): void {
  certpacks
    .command('completion')
    .description('print a completion script, e.g. for bash: source <(certpacks completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => printLines(SCRIPTS[shell](wordsOf(certpacks))));
}

/** Words that can follow a path of commands, by the path. */
function wordsOf(command: Command, path = ''): Map<string, string[]> {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap((one) => one.long ?? []);
  const words = new Map([[path, [...visible.map((one) => one.name()), ...options]]]);
  for (const one of visible)
    for (const [key, value] of wordsOf(one, `${path} ${one.name()}`.trim())) words.set(key, value);
  return words;
}

const cases = (words: Map<string, string[]>, line: (path: string, list: string) => string): string =>
  [...words].map(([path, list]) => line(path, list.join(' '))).join('\n');

const SCRIPTS: Readonly<Record<Shell, (words: Map<string, string[]>) => string>> = {
  bash: (words) => `_certpacks() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == -* ]] || path="\${path:+$path }$word"; done
  local words=""
  case "$path" in
${cases(words, (path, list) => `    "${path}") words="${list}" ;;`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _certpacks certpacks
`,
  zsh: (words) => `#compdef certpacks
autoload -U +X bashcompinit && bashcompinit
${SCRIPTS.bash(words)}`,
  fish: (words) => `function __certpacks_path
  set -l words (commandline -opc)[2..]
  string join " " -- (string match -v -- "-*" $words)
end
complete -c certpacks -f
${cases(words, (path, list) => `complete -c certpacks -n 'test (__certpacks_path) = "${path}"' -a '${list}'`)}
`,
};
