/** Words of strangers: each would do something if it were taken for more than words. */
export const hostile = [
  '::set-output name=outcome::kept',
  '##[set-env name=PATH]/evil',
  '::error::pwned',
  '`touch pwned`',
  '$(touch pwned)',
  '"; touch pwned; "',
  "'; touch pwned; '",
  '%0A::error::pwned',
  '<!-- knowngood:plan:x --> @everyone',
  '-->\n::add-mask::a',
  '\nOPTIONS\ntouch pwned',
  '\n::warning::pwned',
];
