// The answer to a question: the rules of the terminal's `restobench choose`, over the same candidates, in the same words.
const LIMITS = ["device", "licence", "memory", "budget", "quality"];
const time = (one) => one.ms ?? Infinity;
const fastest = (a, b) => time(a) - time(b) || b.db - a.db;
const best = (a, b) => b.db - a.db || time(a) - time(b);
const firstOf = (found, by) => found.reduce((least, one) => (least === undefined || by(one, least) < 0 ? one : least), undefined);
const known = (one, limit) => (limit === "memory" ? one.mib !== null : limit !== "budget" || one.ms !== null);
const TESTS = {
  device: (one, asked) => one.device === asked.device,
  licence: (one, asked) => !one.restricted.some((name) => asked.licence.includes(name)),
  memory: (one, asked) => one.mib !== null && one.mib * asked.size <= asked.memory,
  budget: (one, asked) => one.ms !== null && one.ms * asked.size <= asked.budget,
  quality: (one, asked) => one.db >= asked.quality,
};
const risingOf = (left) => left.filter((one) => one.ms !== null).sort(fastest).reduce((found, one) => (found.length && one.db <= found.at(-1).db ? found : [...found, one]), []);
const surely = (one, other) => !one.unsure.includes(other.number);
const frontOf = (left) => risingOf(left).reduce((steps, one) => (steps.length && !surely(one, steps.at(-1)) ? steps : [...steps, one]), []);
const choiceOf = (points, asked) => {
  const stated = LIMITS.filter((limit) => asked[limit] !== undefined);
  const meets = (one, limits) => limits.every((limit) => asked[limit] === undefined || TESTS[limit](one, asked));
  const rank = asked.quality !== undefined && asked.budget === undefined ? fastest : best;
  const rivals = points.filter((one) => one.kind === asked.kind && one.sigma === asked.sigma);
  const left = rivals.filter((one) => meets(one, ["device", "licence", "memory"]));
  const chosen = firstOf(left.filter((one) => meets(one, ["budget", "quality"])), rank);
  const unknown = stated.map((limit) => [limit, rivals.filter((one) => !known(one, limit)).length]).filter(([, count]) => count);
  const found = { left, front: frontOf(left), chosen, unknown, closest: [] };
  if (!chosen) {
    const by = { memory: (a, b) => a.mib - b.mib || b.db - a.db, budget: fastest, quality: best };
    found.closest = stated.map((limit) => [limit, firstOf(rivals.filter((one) => meets(one, stated.filter((other) => other !== limit)) && known(one, limit)), by[limit] ?? rank)]).filter(([, one]) => one);
    return found;
  }
  const faster = left.filter((one) => time(one) < time(chosen));
  found.better = firstOf(left.filter((one) => one.db > chosen.db && surely(one, chosen)), fastest);
  found.cheaper = asked.quality === undefined ? firstOf(faster, best) : firstOf(faster.filter((one) => one.db >= asked.quality), fastest);
  return found;
};
const digits = (value) => {
  if (value >= 100) return Math.floor(value + 0.5).toLocaleString("en-US");
  if (value <= 0) return "0";
  const places = Math.min(10 ** (2 - Math.floor(Math.log10(value))), 1e4);
  return String(Math.floor(value * places + 0.5) / places);
};
const sentence = (words, choice, asked) => {
  const fill = (name, fields = {}) => words[name].replace(/\{(\w+)\}/g, (_, field) => fields[field]);
  const per = asked.shown ? fill("image", { size: asked.shown }) : words.each;
  const fields = (one) => {
    const own = { ...one, per, db: one.db.toFixed(2), mib: digits((one.mib ?? 0) * asked.size), over: digits((one.ms ?? 0) * asked.size - (asked.budget ?? 0)), short: ((asked.quality ?? 0) - one.db).toFixed(2), quality: String(asked.quality) };
    own.time = fill("time", { ...own, ms: digits((one.ms ?? 0) * asked.size) });
    own.facts = fill(one.ms === null ? "untimed" : "facts", own);
    return own;
  };
  const { chosen, better, cheaper } = choice;
  const pace = (other) => {
    if (!other.ms || !chosen.ms || other.timed !== chosen.timed) return fill("other_size", fields(other));
    const times = digits(Math.max(other.ms / chosen.ms, chosen.ms / other.ms));
    return times === "1" ? words.as_fast : fill(other.ms > chosen.ms ? "slower" : "quicker", { times });
  };
  const beside = (other) => ({ ...fields(other), gain: (other.db - chosen.db).toFixed(2), loss: (chosen.db - other.db).toFixed(2), pace: pace(other) });
  const parts = chosen ? [fields(chosen).facts] : [words.none];
  if (chosen) {
    parts.push(!better ? (choice.left.some((one) => one.db > chosen.db) ? words.best_unsure : words.best) : fill(better.ms && chosen.ms ? "better" : "better_untimed", beside(better)));
    if (chosen.ms && asked.quality !== undefined) parts.push(cheaper ? fill("reaches", beside(cheaper)) : fill("nothing_cheaper", { quality: String(asked.quality) }));
    else if (chosen.ms) parts.push(cheaper ? fill(surely(chosen, cheaper) ? "cheaper" : "cheaper_unsure", beside(cheaper)) : words.fastest);
  } else parts.push(...(choice.closest.length ? choice.closest.map(([limit, one]) => fill(`near_${limit}`, fields(one))) : [words.none_near]));
  parts.push(...choice.unknown.map(([limit, count]) => fill(`unknown_${limit}`, { count })));
  return `${parts.join("; ")}.`;
};
