/** Has the browser keep a file. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers begin to write later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
