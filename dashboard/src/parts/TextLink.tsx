/** A link to another page of the dashboard, with its address checked by the compiler. */

import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink, type LinkComponent } from '@tanstack/react-router';
import type { Ref } from 'react';

interface PlainProps extends Omit<AnchorProps, 'href'> {
  ref?: Ref<HTMLAnchorElement>;
}

const Plain = ({ ref, ...props }: PlainProps) => (
  <Anchor {...(ref === undefined ? {} : { ref })} {...props} />
);
const Created = createLink(Plain);

export const TextLink: LinkComponent<typeof Plain> = (props) => <Created {...props} />;
