/** The parts that lists are made of: table, pager, search. */
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import type { FC } from 'react';
import { expect, it } from 'vitest';
import { ListPager, pageOf, PER_PAGE } from './Pager';
import { Search } from './Search';
import { Table, Tbody, Td, Th, Thead, Tr } from './Table';
import type { Direction } from './Table';

const Sorted: FC = () => {
  const [order, setOrder] = useState<{ column: string; direction: Direction }>({ column: 'name', direction: 'asc' });
  const sort = (column: string, first?: Direction) => ({
    direction: order.column === column ? order.direction : undefined,
    first,
    onSort: (direction: Direction) => setOrder({ column, direction }),
  });
  return (
    <Table aria-label="Things" gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th sort={sort('name')}>Name</Th>
          <Th sort={sort('size', 'desc')}>Size</Th>
          <Th>Note</Th>
        </Tr>
      </Thead>
      <Tbody>
        <Tr data-test="one">
          <Td dataLabel="Name">one</Td>
        </Tr>
      </Tbody>
    </Table>
  );
};

it('a heading tells the order and changes it', async () => {
  render(<Sorted />);
  const heading = (name: string): HTMLElement => screen.getByRole('columnheader', { name });
  const click = (name: string): Promise<void> => userEvent.click(within(heading(name)).getByRole('button'));
  expect(heading('Name')).toHaveAttribute('aria-sort', 'ascending');
  await click('Name');
  expect(heading('Name')).toHaveAttribute('aria-sort', 'descending');
  await click('Size');
  expect(heading('Name')).not.toHaveAttribute('aria-sort');
  expect(heading('Size')).toHaveAttribute('aria-sort', 'descending');
  await click('Size');
  expect(heading('Size')).toHaveAttribute('aria-sort', 'ascending');
  expect(within(heading('Note')).queryByRole('button')).not.toBeInTheDocument();
});

const ALL = Array.from({ length: 2 * PER_PAGE + 1 }, (_, number) => number);

it('a page of a list is the last one where it is shorter', () => {
  expect(pageOf(ALL, 2)).toEqual({ page: 2, rows: ALL.slice(PER_PAGE, 2 * PER_PAGE) });
  expect(pageOf(ALL, 9)).toEqual({ page: 3, rows: [2 * PER_PAGE] });
  expect(pageOf([], 1)).toEqual({ page: 1, rows: [] });
});

const Turned: FC = () => {
  const [page, setPage] = useState(1);
  return <ListPager total={ALL.length} page={page} onPage={setPage} />;
};

it('pages are turned as far as there are any', async () => {
  render(<Turned />);
  const next = screen.getByRole('button', { name: 'Next page' });
  const previous = screen.getByRole('button', { name: 'Previous page' });
  expect(screen.getByTestId('pager-place')).toHaveTextContent('1–50 of 101');
  expect(previous).toBeDisabled();
  await userEvent.click(next);
  await userEvent.click(next);
  expect(screen.getByTestId('pager-place')).toHaveTextContent('101–101 of 101');
  expect(next).toBeDisabled();
  await userEvent.click(previous);
  expect(screen.getByTestId('pager-place')).toHaveTextContent('51–100 of 101');
});

const Searched: FC = () => {
  const [text, setText] = useState('');
  return <Search label="By name" value={text} onChange={setText} found={3} data-test="search" />;
};

it('a search is emptied by a button', async () => {
  render(<Searched />);
  const field = screen.getByRole('textbox', { name: 'By name' });
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
  await userEvent.type(field, 'x');
  expect(screen.getByText('3')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Clear the search' }));
  expect(field).toHaveValue('');
});
