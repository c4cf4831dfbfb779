/** What somebody types, once they pause: not a request for each letter. */
import { useEffect, useState } from 'react';

const PAUSE_MS = 300;

export const useSettled = <V>(value: V): V => {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
};
