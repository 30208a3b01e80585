// What the generator answers, as the page keeps it.

// complete fills in what an answer leaves out because it is as in the answer before.
export function complete(answer, before) {
  const known = new Map(before?.files.map((file) => [file.path, file]));
  for (const file of answer.files) file.text ??= known.get(file.path).text;

  // While nothing else comes out, as after an edit in a comment or with problems, the marks of the last change stay.
  const differs = answer.removed.length > 0 || answer.files.some(({ status }) => status !== 'same');
  if (before && !(differs && answer.valid)) {
    for (const file of answer.files) {
      const { status, changed } = known.get(file.path) ?? file;
      Object.assign(file, { status, changed });
    }
    answer.removed = before.removed;
  }
  // At the start everything is new, which says nothing.
  if (answer.files.every(({ status }) => status === 'new')) {
    for (const file of answer.files) Object.assign(file, { status: 'same', changed: [] });
  }
  return answer;
}

// follow gives the lines that files come from the numbers that they have in the text as it is now. While that is not
// valid, the files are of the text before; of a line that was edited since, nothing is known.
export function follow(files, before, now) {
  const old = before.split('\n');
  const lines = now.split('\n');
  const shorter = Math.min(old.length, lines.length);
  let start = 0;
  while (start < shorter && old[start] === lines[start]) start++;
  let tail = 0;
  while (tail < shorter - start && old.at(-1 - tail) === lines.at(-1 - tail)) tail++;
  const moved = (origin) => {
    if (!origin || origin.file || origin.line <= start) return origin;
    return origin.line > old.length - tail ? { ...origin, line: origin.line + lines.length - old.length } : null;
  };
  for (const file of files) file.from = file.from?.map(moved);
}

// firstFile is the path to show where nobody has chosen one.
export const firstFile = (files) =>
  (files.find(({ path }) => /^hosts\/[^/]+\/configuration\.nix$/.test(path)) ?? files[0])?.path ?? '';

// filesFrom lists the files with lines that a line of the profile made, as {path, lines}.
export function filesFrom(files, line) {
  return files
    .map(({ path, from }) => ({
      path,
      lines: (from ?? []).flatMap((origin, index) =>
        origin && !origin.file && origin.line === line ? [index + 1] : [],
      ),
    }))
    .filter(({ lines }) => lines.length > 0);
}

export const presetName = (file) => file.replace(/^preset:/, 'preset ');
