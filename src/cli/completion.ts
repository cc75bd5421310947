/** Completion for shells, made of the commands themselves: words, no calls, so that it costs nothing to press Tab. Pure. */

import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Entry {
  /** The commands before it, such as `events`. */
  path: string;
  commands: Array<{ name: string; said: string }>;
  options: Array<{ name: string; said: string }>;
}

export function completionFor(shell: Shell, program: Command): string {
  const entries = entriesOf(program, []);
  return shell === 'fish' ? fish(entries) : bash(entries, shell === 'zsh');
}

function entriesOf(command: Command, path: readonly string[]): Entry[] {
  const commands = command.commands.map((one) => ({ name: one.name(), said: one.description() }));
  const options = command.options.flatMap(({ long, description }) =>
    long === undefined || long === null ? [] : [{ name: long, said: description }],
  );
  return [
    { path: path.join(' '), commands, options },
    ...command.commands.flatMap((one) => entriesOf(one, [...path, one.name()])),
  ];
}

function bash(entries: readonly Entry[], inZsh: boolean): string {
  const [root] = entries;
  const everywhere = root?.options.map(({ name }) => name) ?? [];
  const cases = entries.map(({ path, commands, options }) => {
    const words = [
      ...commands.map(({ name }) => name),
      ...options.map(({ name }) => name),
      ...(path === '' ? [] : everywhere),
    ];
    return `    '${path}') words='${words.join(' ')}' ;;`;
  });
  const known = entries.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `${inZsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_mirsal() {
  local word path='' words='' next
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$next" in
      ${known.join('|')}) path="$next" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  # Files, where an option takes one and no word fits.
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); fi
}
complete -F _mirsal mirsal
`;
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, commands, options }) => {
    const names = commands.map(({ name }) => name);
    const words = path === '' ? [] : path.split(' ');
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const here = path === '' ? '__fish_use_subcommand' : seen.join('; and ');
    const deeper =
      names.length === 0 || path === ''
        ? here
        : `${here}; and not __fish_seen_subcommand_from ${names.join(' ')}`;
    return [
      ...commands.map(
        ({ name, said }) => `complete -c mirsal -n ${quoted(deeper)} -a ${name} -d ${quoted(said)}`,
      ),
      ...options.map(({ name, said }) => {
        const when = path === '' ? '' : `-n ${quoted(here)} `;
        return `complete -c mirsal ${when}-l ${name.slice(2)} -d ${quoted(said)}`;
      }),
    ];
  });
  return `${['complete -c mirsal -f', ...lines].join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
