// The second step of signing in: the password or the link was right, now the code.
import { Button, Said } from '../parts/small';
import { CodeField, useCode } from './code-field';
import { t } from '../texts';

interface CodeStepProps {
  about: string;
  send: (code: string) => Promise<void>;
  back: () => void;
  backText: string;
}

export function CodeStep({ about, send, back, backText }: CodeStepProps) {
  const codes = useCode(send);
  return (
    <form onSubmit={codes.submit} noValidate>
      <h1>{t.factor.stepTitle}</h1>
      <p class="dim">{about}</p>
      <CodeField codes={codes} />
      <Button tone="primary" type="submit" busy={codes.busy} class="wide-button">
        {codes.busy ? t.signIn.busy : t.signIn.submit}
      </Button>
      <Button onClick={back} class="wide-button">
        <Said text={backText} />
      </Button>
    </form>
  );
}
