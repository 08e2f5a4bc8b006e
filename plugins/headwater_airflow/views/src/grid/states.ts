/** How each state of a cell looks: a colour and a sign, so that nobody needs the colour. */

export interface Look {
  word: string;
  sign: string;
  background: string;
  ink: string;
  border: string;
}

const color = (token: string) => `var(--chakra-colors-${token})`;

function solid(word: string, sign: string, palette: string, shade = 600): Look {
  const background = color(`${palette}-${shade}`);
  return { word, sign, background, ink: "#fff", border: background };
}

function pale(word: string, sign: string, palette: string): Look {
  return {
    word,
    sign,
    background: color(`${palette}-subtle`),
    ink: color(`${palette}-fg`),
    border: color(`${palette}-emphasized`),
  };
}

const LOOKS: Record<string, Look> = {
  c: solid("current", "", "green"),
  s: pale("stale", "~", "yellow"),
  b: solid("building", "▸", "blue"),
  w: pale("waiting", "…", "cyan"),
  f: solid("failed", "×", "red"),
  h: solid("held", "‖", "purple"),
  q: solid("quarantined", "!", "orange"),
  l: solid("lost", "?", "pink", 700),
  m: {
    word: "missing",
    sign: "○",
    background: "transparent",
    ink: color("red-fg"),
    border: color("red-solid"),
  },
  n: {
    word: "not expected",
    sign: "",
    background: color("bg-muted"),
    ink: color("fg-subtle"),
    border: "transparent",
  },
};

const UNKNOWN: Look = {
  word: "unknown",
  sign: "",
  background: "transparent",
  ink: color("fg-subtle"),
  border: "transparent",
};

export const LETTERS = Object.keys(LOOKS);

export function lookOf(letter: string | undefined): Look {
  return (letter && LOOKS[letter]) || UNKNOWN;
}

/** The letter of a state's word. */
export function letterOf(word: string): string | undefined {
  return LETTERS.find((letter) => LOOKS[letter]?.word === word);
}
