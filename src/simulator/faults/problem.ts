import { Type } from 'typebox';
import { PROBLEM_NAMES } from '../ca/problems.ts';

/** Type of a problem document: the last part of its name (RFC 8555 6.7). */
export const Problem = Type.Enum([...PROBLEM_NAMES]);
