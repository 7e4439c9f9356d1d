/** Names that are made from names of roles. */

/** Of a dependent: lower-case letters, digits and hyphens, none twice. */
export function dependentName(text: string, taken: Set<string>): string {
  const base =
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 50) || 'service';
  let name = base;
  for (let n = 2; taken.has(name); n += 1) name = `${base}-${n}`;
  taken.add(name);
  return name;
}

/** A reference to where the role's password is to be laid. */
export function secretReference(role: string): string {
  return `\${file:/run/secrets/${role.replace(/[^A-Za-z0-9_-]/g, '_')}}`;
}
